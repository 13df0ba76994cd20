package util

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEverySubscriberGetsEveryItemInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := NewPubSub(nil)
		first, second := ps.Subscribe("ack", time.Second), ps.Subscribe("ack", time.Second)
		other := ps.Subscribe("other", time.Second)
		for _, item := range []any{1, nil, "three"} {
			mustPublish(t, ps, "ack", item)
		}
		time.Sleep(time.Second)

		for _, s := range []*Subscription{first, second} {
			if diff := cmp.Diff([]any{1, nil, "three"}, listenAll(t, s, ErrTimeout)); diff != "" {
				t.Errorf("items differ (-want +got):\n%s", diff)
			}
		}
		if got := listenAll(t, other, ErrTimeout); got != nil {
			t.Errorf("the subscriber of another topic got %v", got)
		}
	})
}

func TestItemPublishedToNobodyIsRefusedAndNotReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := NewPubSub(nil)
		if err := ps.Publish("ack", 1); !errors.Is(err, ErrNoSubscribers) {
			t.Errorf("Publish returned %v, want ErrNoSubscribers", err)
		}
		late := ps.Subscribe("ack", time.Second)
		if got := listenAll(t, late, ErrTimeout); got != nil {
			t.Errorf("a late subscriber got %v", got)
		}
		if err := ps.Publish("ack", 2); !errors.Is(err, ErrNoSubscribers) {
			t.Errorf("Publish after the time was over returned %v, want ErrNoSubscribers", err)
		}
	})
}

func TestListenWaitsForWhatIsLeftOfTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := NewPubSub(nil)
		start := time.Now()
		s := ps.Subscribe("ack", 10*time.Second)
		time.Sleep(4 * time.Second)
		if _, err := s.Listen(); !errors.Is(err, ErrTimeout) {
			t.Errorf("Listen returned %v, want ErrTimeout", err)
		}
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("Listen returned %v after Subscribe, want 10s", got)
		}
	})
}

func TestItemThatCameInTimeIsReadAfterTheTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := NewPubSub(nil)
		s := ps.Subscribe("ack", time.Second)
		mustPublish(t, ps, "ack", "in time")
		time.Sleep(time.Minute)
		if item, err := s.Listen(); err != nil || item != "in time" {
			t.Errorf("Listen returned %v, %v", item, err)
		}
		if _, err := s.Listen(); !errors.Is(err, ErrTimeout) {
			t.Errorf("Listen after the last item returned %v, want ErrTimeout", err)
		}
	})
}

func TestSubscriptionThatIsOverLeavesNothing(t *testing.T) {
	for name, finish := range map[string]func(*Subscription){
		"unsubscribed":                func(s *Subscription) { s.Unsubscribe() },
		"unsubscribed twice":          func(s *Subscription) { s.Unsubscribe(); s.Unsubscribe() },
		"time over":                   func(*Subscription) { time.Sleep(time.Minute) },
		"unsubscribed after the time": func(s *Subscription) { time.Sleep(time.Minute); s.Unsubscribe() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var clock armedTimers
				ps := NewPubSub(clock.AfterFunc)
				s := ps.Subscribe("ack", time.Minute)
				if ps.Len() != 1 || clock.Load() != 1 {
					t.Fatalf("live: %d subscriptions, %d timers, want one of each", ps.Len(), clock.Load())
				}
				finish(s)
				synctest.Wait()
				if ps.Len() != 0 || len(ps.topics) != 0 || clock.Load() != 0 {
					t.Errorf("left over: %d subscriptions, %d topics, %d timers", ps.Len(), len(ps.topics), clock.Load())
				}
			})
		})
	}
}

func TestUnsubscribeWakesTheListenerAndKeepsWhatHeHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := NewPubSub(nil)
		waiting, behind := ps.Subscribe("a", time.Hour), ps.Subscribe("b", time.Hour)
		mustPublish(t, ps, "b", "kept")
		result := make(chan error)
		go func() {
			_, err := waiting.Listen()
			result <- err
		}()
		synctest.Wait()
		waiting.Unsubscribe()
		behind.Unsubscribe()
		if err := <-result; !errors.Is(err, ErrUnsubscribed) {
			t.Errorf("the listener was woken with %v, want ErrUnsubscribed", err)
		}
		if diff := cmp.Diff([]any{"kept"}, listenAll(t, behind, ErrUnsubscribed)); diff != "" {
			t.Errorf("items differ (-want +got):\n%s", diff)
		}
	})
}

func TestFullSubscriberLosesTheItemAndThePublisherIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := NewPubSub(nil)
		slow := ps.Subscribe("ack", time.Second)
		for i := range subscriptionBuffer {
			mustPublish(t, ps, "ack", i)
		}
		quick := ps.Subscribe("ack", time.Second)
		err := ps.Publish("ack", "one more")
		if !errors.Is(err, ErrSubscriberFull) || errors.Is(err, ErrNoSubscribers) {
			t.Errorf("Publish returned %v, want ErrSubscriberFull", err)
		}
		if got := listenAll(t, slow, ErrTimeout); len(got) != subscriptionBuffer {
			t.Errorf("the full subscriber has %d items, want %d", len(got), subscriptionBuffer)
		}
		if diff := cmp.Diff([]any{"one more"}, listenAll(t, quick, ErrTimeout)); diff != "" {
			t.Errorf("items of the other subscriber differ (-want +got):\n%s", diff)
		}
	})
}

func TestItemsIsClosedBehindTheLastItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := NewPubSub(nil)
		s := ps.Subscribe("ack", time.Second)
		mustPublish(t, ps, "ack", 1)
		mustPublish(t, ps, "ack", 2)
		var got []any
		for item := range s.Items() {
			got = append(got, item)
		}
		if diff := cmp.Diff([]any{1, 2}, got); diff != "" {
			t.Errorf("items differ (-want +got):\n%s", diff)
		}
		if _, err := s.Listen(); !errors.Is(err, ErrTimeout) {
			t.Errorf("Listen returned %v, want the reason, ErrTimeout", err)
		}
	})
}

// This is Fabric's crash of PR 5136, step by step: the only subscriber of a topic runs out of time while another one is subscribing.
// The clock of this test runs the first one's time out at the moment when the second one asks for his timer.
func TestSubscriberWhoJoinsAsTheLastOneLeavesIsHeard(t *testing.T) {
	var runOut []func()
	ps := NewPubSub(func(_ time.Duration, f func()) func() bool {
		for _, earlier := range runOut {
			earlier()
		}
		runOut = append(runOut, f)
		return func() bool { return false }
	})
	leaving := ps.Subscribe("ack", time.Second)
	joining := ps.Subscribe("ack", time.Second)

	if _, err := leaving.Listen(); !errors.Is(err, ErrTimeout) {
		t.Fatalf("the first subscriber's Listen returned %v, want ErrTimeout", err)
	}
	mustPublish(t, ps, "ack", "for the second")
	if item, err := joining.Listen(); err != nil || item != "for the second" {
		t.Errorf("the second subscriber's Listen returned %v, %v", item, err)
	}
	runOut[1]()
	if ps.Len() != 0 {
		t.Errorf("%d subscriptions left", ps.Len())
	}
}

// The same on real time, over and over: subscriptions of a microsecond empty the topic all the time, and who subscribes for longer
// and then publishes must hear himself.
func TestNoSubscriptionIsLostWhileOthersExpire(t *testing.T) {
	var clock armedTimers
	ps := NewPubSub(clock.AfterFunc)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				brief := ps.Subscribe("ack", time.Microsecond)
				lasting := ps.Subscribe("ack", 10*time.Second)
				err := hearOneself(ps, lasting, fmt.Sprintf("%d/%d", worker, i))
				lasting.Unsubscribe()
				if err = errors.Join(err, awaitEnd(brief)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if ps.Len() != 0 || len(ps.topics) != 0 || clock.Load() != 0 {
		t.Errorf("left over: %d subscriptions, %d topics, %d timers", ps.Len(), len(ps.topics), clock.Load())
	}
}

// hearOneself publishes an item and looks for it among what s receives.
func hearOneself(ps *PubSub, s *Subscription, mine string) error {
	switch err := ps.Publish("ack", mine); {
	case errors.Is(err, ErrSubscriberFull):
		return nil // the other workers were quick, and filled a buffer before we came to run: nothing to be learned this time
	case err != nil:
		return err
	}
	for {
		item, err := s.Listen()
		if err != nil {
			return fmt.Errorf("waiting for item %s: %w", mine, err)
		}
		if item == mine {
			return nil
		}
	}
}

// awaitEnd reads s to its end, which must come in ten seconds of real time.
func awaitEnd(s *Subscription) error {
	tooLate := time.NewTimer(10 * time.Second)
	defer tooLate.Stop()
	for {
		select {
		case _, open := <-s.Items():
			if !open {
				return nil
			}
		case <-tooLate.C:
			return errors.New("a subscription of a microsecond has not ended")
		}
	}
}

func mustPublish(t *testing.T, ps *PubSub, topic string, item any) {
	t.Helper()
	if err := ps.Publish(topic, item); err != nil {
		t.Fatal(err)
	}
}

// listenAll returns what s has until its end, which must be the given one.
func listenAll(t *testing.T, s *Subscription, end error) (items []any) {
	t.Helper()
	for {
		item, err := s.Listen()
		if err != nil {
			if !errors.Is(err, end) {
				t.Errorf("the subscription ended with %v, want %v", err, end)
			}
			return items
		}
		items = append(items, item)
	}
}
