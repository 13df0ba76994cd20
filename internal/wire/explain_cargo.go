package wire

import "gossipscope/internal/text"

// explainContents are the members of the oneof: what kinds of message there are.
var explainContents = map[string]text.Text{
	"gossip.GossipMessage.alive_msg": {
		Zh: "「我还在。」discovery 定期发给随机的几个节点，大家转发。comm 不看。",
		En: "\"I am here\". Discovery sends it periodically to random peers, and all forward it. Cargo to comm."},
	"gossip.GossipMessage.mem_req": {
		Zh: "「你认识谁？」discovery 问引导节点或 anchor peer。comm 不看。",
		En: "\"Whom do you know?\" Discovery asks a bootstrap or anchor peer. Cargo to comm."},
	"gossip.GossipMessage.mem_res": {
		Zh: "对 mem_req 的回答。comm 不看。",
		En: "The answer to mem_req. Cargo to comm."},
	"gossip.GossipMessage.data_msg": {
		Zh: "一个区块。由 leader 发给节点，节点之间再传。comm 不看。",
		En: "A block, from the leader to peers and from peer to peer. Cargo to comm."},
	"gossip.GossipMessage.hello": {
		Zh: "拉取四步中的第一步：「说说你有什么。」comm 不看。",
		En: "The first of the four steps of a pull: \"tell me what you have\". Cargo to comm."},
	"gossip.GossipMessage.data_dig": {
		Zh: "拉取的第二步：我有的东西的摘要。comm 不看。",
		En: "The second step of a pull: digests of what I have. Cargo to comm."},
	"gossip.GossipMessage.data_req": {
		Zh: "拉取的第三步：我想要的东西的摘要。comm 不看。",
		En: "The third step of a pull: digests of what I want. Cargo to comm."},
	"gossip.GossipMessage.data_update": {
		Zh: "拉取的最后一步：东西本身。comm 不看。",
		En: "The last step of a pull: the items themselves. Cargo to comm."},
	"gossip.GossipMessage.empty": {
		Zh: "没有话说，而且明说没有。最小的消息。comm 不看。",
		En: "Nothing to say, said explicitly; the smallest message there is. Cargo to comm."},
	"gossip.GossipMessage.conn": {
		Zh: "握手，一条流上每个方向的第一条消息。comm 自己发、自己收，后来再来的不理会。",
		En: "The handshake, first message of a stream in each direction. comm makes and consumes it; later ones are ignored."},
	"gossip.GossipMessage.state_info": {
		Zh: "「在这个频道里，我有这么多区块。」大家转发。comm 不看。",
		En: "\"In this channel I have so many blocks\". Forwarded by all. Cargo to comm."},
	"gossip.GossipMessage.state_snapshot": {
		Zh: "一个节点所知的全部 state_info。comm 不看。",
		En: "All the state_info messages that a peer knows of. Cargo to comm."},
	"gossip.GossipMessage.state_info_pull_req": {
		Zh: "请对方给一份 state_snapshot。comm 不看。",
		En: "Asks for a state_snapshot. Cargo to comm."},
	"gossip.GossipMessage.state_request": {
		Zh: "请对方给一段区块，用于状态传输。comm 不看。",
		En: "Asks for a range of blocks, for state transfer. Cargo to comm."},
	"gossip.GossipMessage.state_response": {
		Zh: "对方要的那些区块。comm 不看。",
		En: "The blocks that were asked for. Cargo to comm."},
	"gossip.GossipMessage.leadership_msg": {
		Zh: "选举：谁想做、或者正在做替本组织取区块的节点。comm 不看。",
		En: "Election: who wants to be, or is, the peer that fetches blocks for its organisation. Cargo to comm."},
	"gossip.GossipMessage.peer_identity": {
		Zh: "PKI-ID 背后的证书，靠拉取传播。comm 不看。",
		En: "The certificate behind a PKI-ID, spread by pull. Cargo to comm."},
	"gossip.GossipMessage.ack": {
		Zh: "接收方对 SendWithAck 的回答。comm 自己用掉，订阅者看不到。",
		En: "The receiver's answer to SendWithAck. Consumed by comm, never seen by a subscriber."},
	"gossip.GossipMessage.privateReq": {
		Zh: "按摘要索要私有数据，用于事后补齐。comm 不看。",
		En: "Asks for private data by digest, to make up for what is missing. Cargo to comm."},
	"gossip.GossipMessage.privateRes": {
		Zh: "对方要的私有数据。comm 不看。",
		En: "The private data that was asked for. Cargo to comm."},
	"gossip.GossipMessage.private_data": {
		Zh: "一笔交易的私有数据，由背书节点用 SendWithAck 发给集合里的节点。comm 不看。",
		En: "Private data of a transaction, sent by the endorser to the peers of the collection, with SendWithAck. Cargo to comm."},
}

// explainCargo is about messages that comm carries between the layers above without looking inside.
var explainCargo = map[string]text.Text{
	"gossip.PeerIdentity": {
		Zh: "把身份散布开来，这样没有连接过的节点的签名也能验。",
		En: "Spreads an identity, so that signatures can be verified of peers with which one never had a connection."},
	"gossip.PeerIdentity.pki_id": {Zh: "由 cert 算出的 PKI-ID。", En: "The PKI-ID derived from cert."},
	"gossip.PeerIdentity.cert": {
		Zh: "身份，格式与 ConnEstablish.identity 相同。",
		En: "The identity, in the form of ConnEstablish.identity."},
	"gossip.PeerIdentity.metadata": {Zh: "留给身份的主人用，Fabric 空着。", En: "For the owner's use; Fabric leaves it empty."},

	"gossip.AliveMessage": {
		Zh: "心跳：由本人签名，由大家转发，谁不出声大家都看得见。",
		En: "A heartbeat, signed by its member and forwarded by all, so that a silent peer shows to everyone."},
	"gossip.AliveMessage.membership": {Zh: "谁还在，在哪里。", En: "Who is alive, and where."},
	"gossip.AliveMessage.timestamp": {
		Zh: "每次心跳都更新，旧的因此认得出来。",
		En: "Newer in each heartbeat, so that an old one can be told apart."},
	"gossip.AliveMessage.identity": {
		Zh: "本人的身份，只在启动后的头几次心跳里带，省字节。",
		En: "The member's identity, only in the first heartbeats after a start, to save bytes."},
	"gossip.Member": {Zh: "外界可以知道的一个节点。", En: "What the world may know of a peer."},
	"gossip.Member.endpoint": {
		Zh: "别的组织用的地址，不想让外面连就空着。comm 拨的地址多半来自这里。",
		En: "The address for other organisations, empty if none is to use it. What comm is told to dial usually stems from here."},
	"gossip.Member.metadata": {Zh: "上层应用附在节点上的东西。", En: "What the application above attaches to its peer."},
	"gossip.Member.pki_id":   {Zh: "这个节点的 PKI-ID。", En: "The member's PKI-ID."},
	"gossip.PeerTime": {
		Zh: "逻辑时钟：先比 inc_num，再比 seq_num。",
		En: "A logical clock: compared by inc_num first, by seq_num second."},
	"gossip.PeerTime.inc_num": {
		Zh: "第几世：启动的时刻，从 1970 年起的纳秒数，越晚越新。",
		En: "The incarnation: when the peer started, in nanoseconds since 1970. Later is newer."},
	"gossip.PeerTime.seq_num": {Zh: "这一世里的第几条消息。", En: "Counts the messages of one incarnation."},
	"gossip.MembershipRequest": {
		Zh: "问一个节点它认识的所有人。",
		En: "Asks a peer for everyone it knows."},
	"gossip.MembershipRequest.self_information": {
		Zh: "提问者自己签名的 AliveMessage：提问的同时也作了自我介绍。",
		En: "The asker's own signed AliveMessage, so that asking also introduces."},
	"gossip.MembershipRequest.known": {
		Zh: "提问者已经认识的 PKI-ID。Fabric 发出时空着，收到也不看。",
		En: "PKI-IDs that the asker knows already. Fabric sends it empty and ignores it."},
	"gossip.MembershipResponse": {
		Zh: "对 MembershipRequest 的回答。里面每一份都由它所说的那个节点签名。",
		En: "Answers a MembershipRequest. Each part of it is signed by the peer that it is about."},
	"gossip.MembershipResponse.alive": {
		Zh: "一个被认为还在的节点最近的 AliveMessage。",
		En: "The last AliveMessage of a peer believed alive."},
	"gossip.MembershipResponse.dead": {
		Zh: "一个被认为已经不在的节点最近的 AliveMessage。",
		En: "The last AliveMessage of a peer believed dead."},

	"gossip.LeadershipMessage": {
		Zh: "选举中的一票：选出替本组织取区块的节点。",
		En: "A vote in the election of the peer that fetches blocks for its organisation."},
	"gossip.LeadershipMessage.pki_id":    {Zh: "候选人，也就是作者。", En: "The candidate, who is also the author."},
	"gossip.LeadershipMessage.timestamp": {Zh: "作者的逻辑时钟。", En: "The author's logical clock."},
	"gossip.LeadershipMessage.is_declaration": {
		Zh: "true 是「我就是 leader」，false 是「我愿意做」。",
		En: "true for \"I am the leader\", false for \"I propose myself\"."},

	"gossip.StateInfo": {
		Zh: "一个节点在一个频道里走到了哪里。由它签名，由大家转发。",
		En: "How far a peer is in one channel. Signed by that peer, forwarded by all."},
	"gossip.StateInfo#1": {
		Zh: "v1.1 以前的 metadata：装着账本高度的字节，v1.2 起由 properties 代替（FAB-6741）。现在算未知字段。",
		En: "metadata, as of v1.1: the ledger height inside of opaque bytes. properties replaced it in v1.2 (FAB-6741); now it is unknown."},
	"gossip.StateInfo.timestamp": {Zh: "作者的逻辑时钟。", En: "The author's logical clock."},
	"gossip.StateInfo.pki_id":    {Zh: "作者的 PKI-ID。", En: "The author's PKI-ID."},
	"gossip.StateInfo.channel_MAC": {
		Zh: "作者的 PKI-ID 与频道名的哈希：频道里的节点认得出，外人什么也看不出来。",
		En: "A hash of the author's PKI-ID and the channel's name: peers of the channel recognise it, others learn nothing."},
	"gossip.StateInfo.properties":     {Zh: "作者在这个频道里的情况。", En: "What the author says of itself in the channel."},
	"gossip.Properties":               {Zh: "节点说自己在一个频道里的情况。", En: "What a peer says of itself in a channel."},
	"gossip.Properties.ledger_height": {Zh: "它有多少个区块。", En: "How many blocks it has."},
	"gossip.Properties.left_channel":  {Zh: "告别时是 true。", En: "true in its farewell."},
	"gossip.Properties.chaincodes":    {Zh: "节点上装的一个链码，供服务发现用（v1.2 起，FAB-6720）。", En: "A chaincode installed on it, for service discovery (since v1.2, FAB-6720)."},
	"gossip.Chaincode":                {Zh: "装在节点上的一个链码。", En: "A chaincode that is installed on a peer."},
	"gossip.Chaincode.name":           {Zh: "链码的名字。", En: "The chaincode's name."},
	"gossip.Chaincode.version":        {Zh: "链码的版本。", En: "The chaincode's version."},
	"gossip.Chaincode.metadata":       {Zh: "由服务发现来填、来读。", En: "For service discovery to fill in and to read."},
	"gossip.StateInfoSnapshot":        {Zh: "一批 StateInfo，对 StateInfoPullRequest 的回答。", En: "A collection of StateInfo messages, the answer to a StateInfoPullRequest."},
	"gossip.StateInfoSnapshot.elements": {
		Zh: "一个信封，保持作者签名时的原样。",
		En: "An envelope as its author signed it."},
	"gossip.StateInfoPullRequest": {Zh: "请对方给一个频道的 StateInfoSnapshot。", En: "Asks for the StateInfoSnapshot of a channel."},
	"gossip.StateInfoPullRequest.channel_MAC": {
		Zh: "用提问者的 PKI-ID 算出的频道记号，做法与 StateInfo 相同。",
		En: "The channel, hashed with the asker's PKI-ID as in StateInfo."},

	"gossip.UNDEFINED":    {Zh: "没写拉的是什么。上层不收。", En: "Not said what is pulled. Illegal above comm."},
	"gossip.BLOCK_MSG":    {Zh: "拉区块，传播范围必须是 CHAN_AND_ORG。", En: "Pulls blocks; the tag must be CHAN_AND_ORG."},
	"gossip.IDENTITY_MSG": {Zh: "拉身份，传播范围必须是 EMPTY。", En: "Pulls identities; the tag must be EMPTY."},

	"gossip.GossipHello": {Zh: "拉取的开头：「把你有的东西的摘要给我。」", En: "Opens a pull: \"send me digests of what you have\"."},
	"gossip.GossipHello.nonce": {
		Zh: "把一次拉取的四条消息连起来，与外层的 nonce 无关。",
		En: "Joins the four messages of one pull, independently of the nonce outside."},
	"gossip.GossipHello.metadata": {Zh: "留给提问者用，Fabric 空着。", En: "For the asker's use; Fabric leaves it empty."},
	"gossip.GossipHello.msg_type": {Zh: "拉的是什么。", En: "What is pulled."},
	"gossip.DataDigest":           {Zh: "对 GossipHello 的回答：我有什么。", En: "Answers a GossipHello: what I have."},
	"gossip.DataDigest.nonce":     {Zh: "hello 里的那个 nonce。", En: "The hello's nonce."},
	"gossip.DataDigest.digests": {
		Zh: "一样东西的名字：区块号写成十进制，身份用 PKI-ID 的原始字节。",
		En: "Names an item: a block by its number in decimal, an identity by the bytes of its PKI-ID."},
	"gossip.DataDigest.msg_type":  {Zh: "拉的是什么。", En: "What is pulled."},
	"gossip.DataRequest":          {Zh: "从摘要里挑出想要的，请对方给。", En: "Asks for the items behind some of the digests."},
	"gossip.DataRequest.nonce":    {Zh: "hello 里的那个 nonce。", En: "The hello's nonce."},
	"gossip.DataRequest.digests":  {Zh: "想要的一样东西，写法与 DataDigest 相同。", En: "An item that is wanted, named as in DataDigest."},
	"gossip.DataRequest.msg_type": {Zh: "拉的是什么。", En: "What is pulled."},
	"gossip.DataUpdate":           {Zh: "拉取的结尾：东西本身。", En: "Ends a pull with the items themselves."},
	"gossip.DataUpdate.nonce":     {Zh: "hello 里的那个 nonce。", En: "The hello's nonce."},
	"gossip.DataUpdate.data": {
		Zh: "一样东西，装在它当初到来时的信封里，作者的签名还在。",
		En: "An item in the envelope in which it once arrived, so that its author's signature is kept."},
	"gossip.DataUpdate.msg_type": {Zh: "拉的是什么。", En: "What is pulled."},

	"gossip.DataMessage": {
		Zh: "带着一个区块。它真不真，看区块里排序节点的签名，不看信封。",
		En: "Carries a block. Whether it is genuine the orderers' signatures inside the block tell, not the envelope."},
	"gossip.DataMessage.payload": {Zh: "区块，以及它的编号。", En: "The block, with its number."},
	"gossip.Payload":             {Zh: "区块和写在旁边的编号，不用解开就能排序。", En: "A block with its number beside it, so that it can be sorted without being decoded."},
	"gossip.Payload.seq_num":     {Zh: "区块的编号。", En: "The block's number."},
	"gossip.Payload.data": {
		Zh: "编码好的区块。在这里的课程里，是课程所发的文字。",
		En: "The marshalled block. In the lessons here it is the text that the lesson sends."},
	"gossip.Payload.private_data": {
		Zh: "编码好的 PvtDataPayload，一笔交易一份，只在状态传输时有。",
		En: "A marshalled PvtDataPayload, one a transaction; only in state transfer."},

	"gossip.PrivateDataMessage":             {Zh: "在交易排序之前，把私有数据送到有权持有的节点。", En: "Brings private data of a transaction to a peer that may have it, before the transaction is ordered."},
	"gossip.PrivateDataMessage.payload":     {Zh: "私有数据。", En: "The private data."},
	"gossip.PrivatePayload":                 {Zh: "一笔交易写进一个集合的内容。", En: "What a transaction writes into one collection."},
	"gossip.PrivatePayload.collection_name": {Zh: "集合的名字。", En: "The collection."},
	"gossip.PrivatePayload.namespace":       {Zh: "集合所属的链码。", En: "The chaincode that owns the collection."},
	"gossip.PrivatePayload.tx_id":           {Zh: "交易的编号。", En: "The transaction."},
	"gossip.PrivatePayload.private_rwset":   {Zh: "编码好的读写集。", En: "The marshalled read-write set."},
	"gossip.PrivatePayload.private_sim_height": {
		Zh: "背书节点模拟执行时的账本高度（v1.2 起，FAB-9785）。",
		En: "The ledger height at which the endorser simulated (since v1.2, FAB-9785)."},
	"gossip.PrivatePayload.collection_configs": {
		Zh: "那个高度上各集合的配置（v1.2 起，FAB-9785）。Fabric 里它是一个子消息，字节完全一样。",
		En: "The configuration of the collections at that height (since v1.2, FAB-9785). In Fabric it is a sub-message: the same bytes."},

	"gossip.RemoteStateRequest":               {Zh: "索要自己缺的区块。", En: "Asks for blocks that the asker missed."},
	"gossip.RemoteStateRequest.start_seq_num": {Zh: "想要的第一个区块。", En: "The first block wanted."},
	"gossip.RemoteStateRequest.end_seq_num":   {Zh: "想要的最后一个区块，含它在内。", En: "The last block wanted, included."},
	"gossip.RemoteStateResponse":              {Zh: "对 RemoteStateRequest 的回答。", En: "Answers a RemoteStateRequest."},
	"gossip.RemoteStateResponse.payloads":     {Zh: "要的区块之一，有多少给多少。", En: "One of the blocks asked for; as many as the sender has."},
	"gossip.RemotePvtDataRequest":             {Zh: "索要一直没有送到的私有数据。", En: "Asks for private data that never arrived."},
	"gossip.RemotePvtDataRequest.digests":     {Zh: "想要的一份。", En: "Names one that is wanted."},
	"gossip.PvtDataDigest":                    {Zh: "指明一笔交易写进一个集合的内容。", En: "Names what one transaction wrote into one collection."},
	"gossip.PvtDataDigest.tx_id":              {Zh: "交易的编号。", En: "The transaction."},
	"gossip.PvtDataDigest.namespace":          {Zh: "集合所属的链码。", En: "The chaincode that owns the collection."},
	"gossip.PvtDataDigest.collection":         {Zh: "集合的名字。", En: "The collection's name."},
	"gossip.PvtDataDigest.block_seq":          {Zh: "交易所在区块的编号。", En: "The number of the block that holds the transaction."},
	"gossip.PvtDataDigest.seq_in_block":       {Zh: "交易在那个区块里的位置。", En: "The transaction's index in that block."},
	"gossip.RemotePvtDataResponse":            {Zh: "对 RemotePvtDataRequest 的回答。", En: "Answers a RemotePvtDataRequest."},
	"gossip.RemotePvtDataResponse.elements":   {Zh: "一份摘要所指的数据；给不了、不该给的不在里面。", En: "The data of one digest; what the sender could not or must not serve is left out."},
	"gossip.PvtDataElement":                   {Zh: "一份摘要所指的私有数据。", En: "The private data of one digest."},
	"gossip.PvtDataElement.digest":            {Zh: "当初要的是哪一份。", En: "What was asked for."},
	"gossip.PvtDataElement.payload":           {Zh: "编码好的读写集。", En: "A marshalled read-write set."},
	"gossip.PvtDataPayload":                   {Zh: "一个区块里一笔交易的私有数据，编码后放在 Payload.private_data 里。", En: "The private data of one transaction of a block. It travels marshalled, inside of Payload.private_data."},
	"gossip.PvtDataPayload.tx_seq_in_block":   {Zh: "交易在区块里的位置。", En: "The transaction's index in its block."},
	"gossip.PvtDataPayload.payload":           {Zh: "那笔交易的私有读写集，编码好的。", En: "The marshalled private read-write set of that transaction."},
}
