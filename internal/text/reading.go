package text

// Reading is what the commands say that show notes and what is in recordings: note, bytes and export.
type Reading struct {
	Note, Bytes, Export                         Command
	NoteExamples, BytesExamples, ExportExamples Text

	Raw, RawValue                                Text // flags
	Mermaid, SVG, From, To, Number, OnlyMessages Text

	NoteList  Text // above the list of notes
	NoteNext  Text // %s: the program
	InChinese Text
	SeeAlso   Text
	Between   Text // the things that there are to choose from
	Comma     Text // between what is said of one message

	UnknownNote      Text // %s, %s: what was typed, the program
	UnknownNoteAlike Text // %s, %s: what was typed, what looks like it
	UnknownSection   Text // %s, %s, %s, %s: the note, what was typed, the program, the note
	SectionAlike     Text // %s, %s, %s: the note, what was typed, what looks like it
	NotesUnreadable  Text // %s: the reason

	ColumnNumber, ColumnWay, ColumnContent, ColumnBytes, ColumnSays Text
	NotSent, NotArrived, NoContent, Unreadable, Nobody              Text
	NoMessages                                                      Text // %s: the file
	BytesNext                                                       Text // %s, %s: the program, the file
	Heading                                                         Text // %d, %s, %s, %d: the number, the way, what it is, how many bytes
	LineBefore                                                      Text // %s: about the prefix
	Proves, Overruled, Faulty                                       Text // Faulty: %d, %s: the byte, the reason
	Again                                                           Text
	Verdict                                                         Text // %s, %s, %s: the claim, the verdict, the sentence
	Named                                                           Text // %s, %s: a quantity, its value

	WhichBytes, WhichExport Text
	BytesTwo                Text
	BadMessage              Text // %s, %d: what was typed, how many there are
	RawNeedsMessage         Text
	UnknownField            Text // %s, %s, %s: what was typed, the field that is there, what is in it
	NoFieldsIn              Text // %s, %s: what was typed, the field that is there
	RawTerminal             Text
	WhichForm               Text
	BadRange                Text // %d: the last event
	NoEvents                Text // %s: the file
}

var reading = Reading{
	Note: Command{
		Arguments: Text{"[笔记[#小节]]", "[NOTE[#SECTION]]"},
		Short:     Text{"读笔记，或者其中一节", "read the notes, or a section of them"},
		Long: Text{
			"在终端里读中文笔记。不写是哪篇，就列出全部笔记。\n" +
				"笔记用文件名指定，# 后面是小节；也可以只写步骤的名字，或者代码里的名字，由程序去找它在哪篇。",
			"Prints the notes, which are in Chinese. Without a name it lists them.\n" +
				"A note is given by its file, a section behind #. The name of a step or of a declaration is enough, too: its section is found.",
		},
	},
	Bytes: Command{
		Arguments: Text{"文件 [编号]", "FILE [NUMBER]"},
		Short:     Text{"看一份录像里的消息，逐字节", "show the messages of a recording, byte by byte"},
		Long: Text{
			"列出一份录像里的消息，按发出的先后编号，没有发出的在最后。再写一个编号，就显示那一条：左边是字节，右边是每个字节的意思，\n" +
				"最后把哈希和签名重新算一遍。\n" +
				"--raw 把一个字段的字节原样输出，好交给 sha256sum、openssl 这样的程序去核对。字段用从外到里的名字写，中间用 / 分开。\n" +
				"文件名写 - 则从标准输入读取。",
			"Lists the messages of a recording, numbered in the order in which they left, those that never did at the end. With a number it\n" +
				"shows that one: the bytes at the left, what each of them means at the right, and at last the hashes and signatures, computed\n" +
				"again.\n" +
				"With --raw the bytes of one field are printed as they are, so that others can check them: sha256sum, openssl. A field is given\n" +
				"by the names that lead to it, with / between them. A - for the file reads standard input.",
		},
	},
	Export: Command{
		Arguments: Text{"文件", "FILE"},
		Short:     Text{"把一份录像画成时序图", "draw the sequence of a recording"},
		Long: Text{
			"把一份录像画成时序图，输出 Mermaid 文字或者 SVG 图。文件名写 - 则从标准输入读取。",
			"Draws the sequence diagram of a recording, as text for Mermaid or as an SVG picture. A - for the file reads standard input.",
		},
	},
	NoteExamples: Text{
		"explore note\nexplore note overview\nexplore note conn.md#connection.send\nexplore note conn.write",
		"explore note\nexplore note overview\nexplore note conn.md#connection.send\nexplore note conn.write",
	},
	BytesExamples: Text{
		"explore bytes lesson.jsonl\nexplore bytes lesson.jsonl 1\nexplore bytes lesson.jsonl 1 --raw payload | sha256sum\n" +
			"explore bytes lesson.jsonl 1 --raw payload/conn/identity/id_bytes | openssl x509 -noout -text",
		"explore bytes lesson.jsonl\nexplore bytes lesson.jsonl 1\nexplore bytes lesson.jsonl 1 --raw payload | sha256sum\n" +
			"explore bytes lesson.jsonl 1 --raw payload/conn/identity/id_bytes | openssl x509 -noout -text",
	},
	ExportExamples: Text{
		"explore export lesson.jsonl --svg > lesson.svg\nexplore export lesson.jsonl --mermaid --from 20 --to 60",
		"explore export lesson.jsonl --svg > lesson.svg\nexplore export lesson.jsonl --mermaid --from 20 --to 60",
	},

	Raw:          Text{"只输出这个字段的字节；整条消息写 .", "print only the bytes of this field; the whole message is ."},
	RawValue:     Text{"字段", "FIELD"},
	Mermaid:      Text{"输出 Mermaid 文字", "as text for Mermaid"},
	SVG:          Text{"输出 SVG 图", "as an SVG picture"},
	From:         Text{"从这个事件画起；编号见 explore replay 文件 --json", "begin with this event; explore replay FILE --json numbers them"},
	To:           Text{"画到这个事件为止", "end with this event"},
	Number:       Text{"编号", "NUMBER"},
	OnlyMessages: Text{"只画消息，不画别的步骤", "only messages, no other steps"},

	NoteList:  Text{"笔记：", "The notes, in Chinese:"},
	NoteNext:  Text{"读一篇：　%[1]s note overview\n读一节：　%[1]s note conn.md#connection.send\n读一步：　%[1]s note conn.write", "A note:     %[1]s note overview\nA section:  %[1]s note conn.md#connection.send\nA step:     %[1]s note conn.write"},
	InChinese: Text{"笔记是中文写的。", "The notes are in Chinese."},
	SeeAlso:   Text{"这里提到：", "Named here:"},
	Between:   Text{"、", ", "},
	Comma:     Text{"，", ", "},

	UnknownNote:      Text{"没有「%s」这篇笔记，也没有叫这个名字的小节。全部笔记用 %s note 列出。", "There is no note %q, and no section of that name. To list the notes: %s note"},
	UnknownNoteAlike: Text{"没有「%s」这篇笔记，也没有叫这个名字的小节。相近的有：%s。", "There is no note %q, and no section of that name. These look like it: %s."},
	UnknownSection:   Text{"%s 里没有「%s」这一节。想看整篇，用 %s note %s。", "%s has no section %q. To read all of it: %s note %s"},
	SectionAlike:     Text{"%s 里没有「%s」这一节。相近的有：%s。", "%s has no section %q. These look like it: %s."},
	NotesUnreadable:  Text{"程序里的笔记读不出来，请重新安装。（%s）", "The notes in this program cannot be read: install it again. (%s)"},

	ColumnNumber:  Text{"编号", "no."},
	ColumnWay:     Text{"谁 → 谁", "who → whom"},
	ColumnContent: Text{"种类", "kind"},
	ColumnBytes:   Text{"字节", "bytes"},
	ColumnSays:    Text{"说什么", "what it says"},
	NotSent:       Text{"没有发出", "not sent"},
	NotArrived:    Text{"没有见它到达", "its arrival was not seen"},
	NoContent:     Text{"没有内容", "no content"},
	Unreadable:    Text{"解不开", "unreadable"},
	Nobody:        Text{"不知是谁", "unknown"},
	NoMessages:    Text{"%s 里没有消息：录下来的这段时间里，没有节点打开过流。", "There is no message in %s: no peer opened a stream while it was recorded."},
	BytesNext:     Text{"看一条：%s bytes %s 1", "To see one: %s bytes %s 1"},
	Heading:       Text{"第 %d 条　%s　%s　%d 字节", "Message %d   %s   %s   %d bytes"},
	LineBefore:    Text{"线上在它前面还有：%s", "On the line this stands before it: %s"},
	Proves:        Text{"在握手的证明里：", "In the proof: "},
	Overruled:     Text{"不算数：后面又来了一个。", "Overruled by a later one."},
	Faulty:        Text{"读到字节 %d 出错：%s", "Reading failed at byte %d: %s"},
	Again:         Text{"重新算一遍", "Computed again"},
	Verdict:       Text{"%s：%s。%s", "%s: %s. %s"},
	Named:         Text{"%s：%s", "%s: %s"},

	WhichBytes:      Text{"要看哪份录像的字节？请写文件名；录像用 explore play 课程 --record 文件 制作。", "The bytes of which recording? Give a file; explore play LESSON --record FILE makes one."},
	WhichExport:     Text{"要画哪份录像？请写文件名；录像用 explore play 课程 --record 文件 制作。", "Which recording is to be drawn? Give a file; explore play LESSON --record FILE makes one."},
	BytesTwo:        Text{"explore bytes 后面只要一个文件和一个编号。", "explore bytes takes one file and one number."},
	BadMessage:      Text{"没有编号为「%s」的消息：编号从 1 到 %d。", "There is no message %q: they are numbered from 1 to %d."},
	RawNeedsMessage: Text{"--raw 要知道是哪条消息，请在文件名后面写上编号。", "--raw must know of which message: give its number behind the file."},
	UnknownField:    Text{"这条消息里没有「%s」。%s 里面有：%s。", "There is no %q in this message. In %s there are: %s."},
	NoFieldsIn:      Text{"这条消息里没有「%s」：%s 里面没有字段了。", "There is no %q in this message: %s has no fields in it."},
	RawTerminal:     Text{"这些字节不是文字，直接显示会弄乱终端。请交给另一个程序，例如在后面加上 | xxd。", "These bytes are no text and would upset the terminal. Give them to another program: add | xxd, for example."},
	WhichForm:       Text{"要画成哪种图？--mermaid 和 --svg 请选一个。", "In which form? Choose one of --mermaid and --svg."},
	BadRange:        Text{"--from 和 --to 要写事件的编号，从 1 到 %d，--from 不能在 --to 后面。", "--from and --to take the numbers of events, from 1 to %d, --from not behind --to."},
	NoEvents:        Text{"%s 里没有事件，没有什么可画。请换一份录像。", "There is no event in %s, so there is nothing to draw. Choose another recording."},
}
