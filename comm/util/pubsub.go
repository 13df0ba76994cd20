package util

// Somebody sends a message and wants to know that it has arrived. The acknowledgement comes back on another goroutine, the reader
// of a connection, which knows nothing of the one who waits; and it may come before he has begun to wait, or never. This file is
// where the two meet. SendWithAck subscribes to a topic made of the message's nonce and the peer's PKI-ID *before* it sends, the
// reader publishes what it has read under the same topic, and whoever is not there to hear it does not hear it.
//
// Fabric's PubSub (gossip/util/pubsub.go) does the same, and three things about it are mended here. Looking up a topic and joining
// it are one critical section: in Fabric, until PR 5136, the topic's last subscriber could time out between the two and take the
// topic away, so that the newcomer waited in a set that nobody published to and its timer later crashed the process. A subscription
// can be given back, so that an acknowledged message leaves nothing behind; Fabric keeps the subscription and its timer until
// the timeout, for every message ever acknowledged. And Listen waits for what is left of the subscription's life, not for a whole life
// more.

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// subscriptionBuffer is the number of items that a subscription keeps for a subscriber who is not listening at the moment.
const subscriptionBuffer = 50

var (
	// ErrNoSubscribers is what Publish returns when nobody is subscribed to the topic: nobody yet, or nobody any more. A late
	// acknowledgement ends like this, and it is no fault.
	ErrNoSubscribers = errors.New("no subscribers")

	// ErrSubscriberFull is what Publish returns when at least one subscriber did not get the item because his buffer was full. The
	// others did.
	ErrSubscriberFull = errors.New("subscriber's buffer is full, item dropped")

	// ErrTimeout is what Listen returns once the subscription's time is over and nothing is left in its buffer.
	ErrTimeout = errors.New("timed out waiting for an item")

	// ErrUnsubscribed is what Listen returns once Unsubscribe has been called and nothing is left in the buffer.
	ErrUnsubscribed = errors.New("unsubscribed")
)

// PubSub hands every item that is published under a topic to everybody who is subscribed to that topic at the moment, and
// remembers nothing for those who come later. It has no goroutine and needs no stopping; it holds one timer for each live
// subscription. It is safe for concurrent use. NewPubSub makes one.
type PubSub struct {
	afterFunc AfterFunc

	mu sync.RWMutex

	// topics holds the live subscriptions. Invariant: no set in it is empty, and a subscription is in it exactly as long as its
	// channel is open. Publish sends while holding mu for reading and end closes while holding it for writing, so nothing is
	// ever sent on a closed channel.
	topics map[string]map[*Subscription]struct{}
}

// Subscription is one subscriber's interest in one topic, from Subscribe until its time is over or Unsubscribe is called. It is
// safe for concurrent use; several goroutines that listen share the items among them.
type Subscription struct {
	pubSub *PubSub
	topic  string

	// items has end as its only closer. What was in the buffer before is still received; then the closed channel says that no
	// more can come, which is how a reader can tell "nothing yet" from "never" with one receive.
	items chan any

	// err says why the subscription ended. Written once, before items is closed; read only after items was found closed.
	err error

	// stopTimer is written before Subscribe returns and not changed afterwards. The timer's own function does not use it.
	stopTimer func() bool
}

// NewPubSub returns a PubSub without subscribers, whose subscriptions run out by the given clock; nil means SystemClock.
func NewPubSub(afterFunc AfterFunc) *PubSub {
	if afterFunc == nil {
		afterFunc = SystemClock
	}
	return &PubSub{afterFunc: afterFunc, topics: make(map[string]map[*Subscription]struct{})}
}

// Publish hands item to everybody who is subscribed to topic. It never blocks: it is called by the goroutine that reads a connection,
// which must not wait for one slow subscriber. Who has no room left (subscriptionBuffer items) goes without the item.
//
// It returns nil if every subscriber has got the item, an ErrNoSubscribers if there is none, and an ErrSubscriberFull, with the
// numbers, if some have not got it. Items that one goroutine publishes arrive in the order in which it published them.
func (ps *PubSub) Publish(topic string, item any) error {
	ps.mu.RLock()
	defer ps.mu.RUnlock()

	subscriptions := ps.topics[topic]
	if len(subscriptions) == 0 {
		return fmt.Errorf("publish under topic %q: %w", topic, ErrNoSubscribers)
	}
	dropped := 0
	for s := range subscriptions {
		select {
		case s.items <- item:
		default:
			dropped++
		}
	}
	if dropped > 0 {
		return fmt.Errorf("publish under topic %q: %w: %d of %d subscribers", topic, ErrSubscriberFull, dropped, len(subscriptions))
	}
	return nil
}

// Subscribe returns a subscription to topic that lasts for ttl, counted from now; a ttl of zero or less is over at once. Every item
// published from the moment when Subscribe returns is kept for the subscriber, whether he listens already or not.
//
// Who has got what he waited for calls Unsubscribe. If he does not, the subscription, its buffer and its timer stay until ttl is
// over: at a thousand acknowledged messages a second and a timeout of five seconds, five thousand of each.
func (ps *PubSub) Subscribe(topic string, ttl time.Duration) *Subscription {
	s := &Subscription{pubSub: ps, topic: topic, items: make(chan any, subscriptionBuffer)}
	ps.join(s)
	// Armed only now: a timer that ran out before s had joined would find nothing to end, and s would then stay for ever.
	s.stopTimer = ps.afterFunc(ttl, func() { ps.end(s, ErrTimeout) })
	return s
}

// Len returns the number of live subscriptions, over all topics.
func (ps *PubSub) Len() int {
	ps.mu.RLock()
	defer ps.mu.RUnlock()

	n := 0
	for _, subscriptions := range ps.topics {
		n += len(subscriptions)
	}
	return n
}

// join makes s a subscription of its topic. The set is looked up and joined without letting go of the lock, because an empty set is
// taken away by whoever empties it: see the head of this file.
func (ps *PubSub) join(s *Subscription) {
	ps.mu.Lock()
	defer ps.mu.Unlock()

	subscriptions := ps.topics[s.topic]
	if subscriptions == nil {
		subscriptions = make(map[*Subscription]struct{})
		ps.topics[s.topic] = subscriptions
	}
	subscriptions[s] = struct{}{}
}

// end takes s off its topic and wakes who listens to it. The timer and Unsubscribe may both come here; the first one decides.
func (ps *PubSub) end(s *Subscription, why error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()

	subscriptions := ps.topics[s.topic]
	if _, live := subscriptions[s]; !live {
		return
	}
	delete(subscriptions, s)
	if len(subscriptions) == 0 {
		delete(ps.topics, s.topic)
	}
	s.err = why
	close(s.items)
}

// Listen returns the next item, and waits for it if need be, but not longer than the subscription lasts: its time runs since
// Subscribe, so that a caller who has spent half of it on sending waits for the other half only. An item that came in time is
// returned even when Listen is called too late; after the last one the error is ErrTimeout or ErrUnsubscribed.
func (s *Subscription) Listen() (any, error) {
	item, open := <-s.items
	if !open {
		return nil, s.err
	}
	return item, nil
}

// Items returns the channel that Listen reads, for who has to wait for something else in the same select. It is closed when the
// subscription has ended, behind the last item; a call of Listen then returns at once and says why.
func (s *Subscription) Items() <-chan any {
	return s.items
}

// Unsubscribe ends the subscription now and takes back its timer: when it returns, nothing of either is left in the PubSub or in the
// clock. Who is listening is woken. Items already received stay to be read. Calling it again, or after the time is over, does nothing.
func (s *Subscription) Unsubscribe() {
	s.stopTimer()
	s.pubSub.end(s, ErrUnsubscribed)
}
