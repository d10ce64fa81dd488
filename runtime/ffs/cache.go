package ffs

import (
	"container/list"
	"sync"
)

// A cache keeps the values that were used last. Its zero value keeps none.
type cache[K comparable, V any] struct {
	limit int

	mu    sync.Mutex
	at    map[K]*list.Element
	order list.List // of entries, what was used last in front
}

type cached[K comparable, V any] struct {
	key K
	val V
}

func (c *cache[K, V]) get(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.at[k]
	if e == nil {
		return v, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached[K, V]).val, true
}

func (c *cache[K, V]) put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.at[k]; e != nil {
		e.Value.(*cached[K, V]).val = v
		c.order.MoveToFront(e)
		return
	}
	if c.at == nil {
		c.at = map[K]*list.Element{}
	}
	c.at[k] = c.order.PushFront(&cached[K, V]{k, v})
	if c.order.Len() > c.limit {
		last := c.order.Back()
		delete(c.at, c.order.Remove(last).(*cached[K, V]).key)
	}
}
