package socket

// Buffers have a limit on the memory that data takes besides that on the bytes,
// and small records run into it first. The kernel keeps data in mbufs; these
// are the sizes of amd64 (MSIZE, MCLBYTES of machine/param.h, and what the
// headers leave of an mbuf), which count on all machines alike.
const (
	mbufSize      = 512
	mbufData      = 456 // MLEN
	mbufFirstData = 400 // MHLEN, of the first one of a packet
	clusterSize   = 2048
	clusterLeast  = mbufFirstData + mbufData + 1 // MINCLSIZE: less goes into mbufs
	headroom      = 76                           // max_hdr, in front of a packet
)

// An mbuf is the account of one: n bytes of data, room for more behind them,
// and what it takes of a buffer's memory.
type mbuf struct {
	n, room, cost int
}

// A chain is the mbufs that some data is in.
type chain []mbuf

// packet returns the chain that n bytes are put into which are sent at once,
// when the buffer has space bytes free.
func packet(n, space int) chain {
	var c chain
	for first := true; first || n > 0; first = false {
		m := mbuf{cost: mbufSize}
		switch {
		case n >= clusterLeast && space >= clusterSize:
			size := clusterSize
			if first {
				size -= headroom
			}
			m.n = min(size, n)
			m.room, m.cost = size-m.n, mbufSize+clusterSize
		case first:
			m.n = min(mbufFirstData, n)
			m.room = (mbufFirstData - m.n) & 7 // the data is at the end, aligned
		default:
			m.n = min(mbufData, n)
			m.room = mbufData - m.n
		}
		c = append(c, m)
		n -= m.n
		space -= m.n
	}
	return c
}

// piece returns the one mbuf that a stream's next bytes are put into, of n that
// are there, when the buffer has space bytes free.
func piece(n, space int) mbuf {
	if n >= clusterLeast && space >= clusterSize {
		n = min(clusterSize, n)
		return mbuf{n, clusterSize - n, mbufSize + clusterSize}
	}
	n = min(mbufFirstData, n, space)
	return mbuf{n, mbufFirstData - n, mbufSize}
}

// add appends m, whose data is copied into the last mbuf if it is small and
// there is room (sbcompress). It returns what that costs.
func (c *chain) add(m mbuf) int {
	if len(*c) > 0 {
		last := &(*c)[len(*c)-1]
		if m.n == 0 {
			return 0
		}
		if m.n <= clusterSize/4 && m.n <= last.room {
			last.n += m.n
			last.room -= m.n
			return 0
		}
	}
	*c = append(*c, m)
	return m.cost
}

// eat takes n bytes away and returns the cost of the mbufs that are empty now.
func (c *chain) eat(n int) int {
	freed, i := 0, 0
	for ; i < len(*c) && (*c)[i].n <= n; i++ {
		n -= (*c)[i].n
		freed += (*c)[i].cost
	}
	*c = (*c)[i:]
	if n > 0 && len(*c) > 0 {
		(*c)[0].n -= n
	}
	return freed
}

// whole returns how many of the first n bytes are in mbufs that end within
// them.
func (c chain) whole(n int) int {
	sum := 0
	for _, m := range c {
		if sum+m.n > n {
			break
		}
		sum += m.n
	}
	return sum
}

func (c chain) cost() int {
	sum := 0
	for _, m := range c {
		sum += m.cost
	}
	return sum
}
