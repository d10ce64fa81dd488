package routing

// An Op is what is to be done to an entry of a table, or has happened to it.
type Op uint8

const (
	// Add: there is a new entry. As a request, there must not be one.
	Add Op = iota + 1
	// Change: an entry that was there is different now.
	Change
	// Replace is the request to Change the entry, or to Add it when it is
	// not there.
	Replace
	// Delete: the entry is gone, or has to go.
	Delete
	// Get is the request for an entry; and the answer to it, or a line of a
	// dump, which both say that the entry is there.
	Get
	// Dump is the request for all entries.
	Dump
)

var opNames = [...]string{Add: "add", Change: "change", Replace: "replace", Delete: "delete", Get: "get", Dump: "dump"}

// String returns the name of op, such as "add".
func (op Op) String() string {
	if int(op) < len(opNames) && opNames[op] != "" {
		return opNames[op]
	}
	return "no operation"
}

// An Entry is a row of one of the tables: a [*Link], an [*Address], a [*Route]
// or a [*Neighbor].
type Entry interface{ entry() }

func (*Link) entry()     {}
func (*Address) entry()  {}
func (*Route) entry()    {}
func (*Neighbor) entry() {}

// A Message says what happens to an entry.
type Message struct {
	Op    Op
	Entry Entry

	// Lost is what the message said beyond Op and Entry: an error for
	// each attribute, flag or value that the model, and with it the other
	// system, has no word for. Whoever tells what is there can leave it
	// out; whoever carries out a request must not.
	Lost []error
}

// Lose adds err to m.Lost.
func (m *Message) Lose(err error) { m.Lost = append(m.Lost, err) }
