// Command mkhandshake makes the recording that docs/zh/wire.md takes apart: two peers over loopback TCP, a handshake, a message, its
// acknowledgement, and the end. Beside the recording it writes the TLS certificates that the two have shown, of which a recording has only
// the hashes.
//
// The peers are real, so ports, TLS keys, nonce and signatures differ each time, and what the note says of single bytes has to be looked
// through again afterwards.
package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gossipscope/internal/lab"
	"gossipscope/internal/timeline"
)

const enough = 10 * time.Second // for what takes a few milliseconds

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./internal/lab/mkhandshake FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "mkhandshake:", err)
		os.Exit(1)
	}
}

// run plays the handshake, and writes what came of it into a folder.
func run(folder string) error {
	recorder := timeline.NewRecorder(1 << 12)
	header := timeline.Header{Network: "tcp", Policy: "free", Created: time.Now().UTC().Truncate(time.Second)}
	lb, err := lab.New(lab.Config{Network: lab.Loopback(), Policy: lab.Free(), Recorder: recorder})
	if err != nil {
		return err
	}
	played := play(lb)
	lb.Close()
	recorder.Close()
	if played != nil {
		return played
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	// A dials, B is dialled: each shows the certificate for its role.
	for file, der := range map[string][]byte{
		"A.client.pem": lb.Peer("A").Certificates().Client.Certificate[0],
		"B.server.pem": lb.Peer("B").Certificates().Server.Certificate[0],
	} {
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		if err := os.WriteFile(filepath.Join(folder, file), text, 0o644); err != nil {
			return err
		}
	}
	return write(filepath.Join(folder, "handshake.jsonl"), recorder.Follow(0), header)
}

// play has A send B a message that B acknowledges.
func play(lb *lab.Lab) error {
	a, err := lb.NewPeer("A", lab.PeerConfig{})
	if err != nil {
		return err
	}
	b, err := lb.NewPeer("B", lab.PeerConfig{})
	if err != nil {
		return err
	}
	accepted := b.Subscribe(func(any) bool { return true })
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		for msg := range accepted {
			b.Ack(msg, nil)
		}
	}()
	if result := a.SendWithAck("你好，B", enough, 1, b.Remote()); result.AckCount() != 1 {
		return fmt.Errorf("waiting for the acknowledgement: %v", result)
	}
	a.CloseConn(b.Remote())
	ctx, cancel := context.WithTimeout(context.Background(), enough)
	defer cancel()
	if err := lb.Until(ctx, closed); err != nil {
		return fmt.Errorf("waiting for the end of the connection: %w", err)
	}
	b.Stop()
	<-answered
	a.Stop()
	return nil
}

// closed reports whether both ends have closed their connection, and the line is down.
func closed(state *timeline.State) bool {
	ends := 0
	for _, p := range state.Peers {
		for _, c := range p.Connections {
			if c.Phase == timeline.PhaseClosed {
				ends++
			}
		}
	}
	for _, l := range state.Lines {
		if l.Open {
			return false
		}
	}
	return ends == 2
}

// write writes a recording of all events, over one that is there.
func write(path string, events *timeline.Cursor, header timeline.Header) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(fill(f, events, header), f.Close())
}

func fill(to io.Writer, events *timeline.Cursor, header timeline.Header) error {
	w, err := timeline.NewWriter(to, header)
	if err != nil {
		return err
	}
	if err := events.CopyTo(context.Background(), w); err != nil {
		return err
	}
	return w.Close()
}
