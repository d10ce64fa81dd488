package transcript

import (
	"runtime/metrics"
	"time"
)

// settle waits as long as was recorded, or as many times as long as the scenario
// says, for the kernel's goroutines and timers to run. On a machine that has other
// things to do that may take longer: so only time counts at whose end this goroutine
// woke up when it should, and it goes on until it has seen several times that no
// other had anything to do. It does not go on for ever, since the kernel may be
// elsewhere and other tests here.
func (r *replayer) settle(d time.Duration) {
	d *= time.Duration(max(r.pauses, 1))
	const (
		slice = 5 * time.Millisecond
		late  = 2 * time.Millisecond // more is not on time
		quiet = 3                    // times
		limit = 10 * time.Second
	)
	start, due := time.Now(), d
	if r.uptime != nil {
		due += r.uptime()
	}
	onTime, seen := time.Duration(0), 0
	for {
		before := time.Now()
		time.Sleep(slice)
		if time.Since(before) < slice+late {
			onTime += slice
		}
		if Idle() {
			seen++
		}
		waited := time.Since(start)
		enough := onTime >= d || waited >= 20*d
		if r.uptime != nil {
			enough = r.uptime() >= due
		}
		if seen >= quiet && enough || waited >= limit+d {
			return
		}
	}
}

// Idle reports whether the caller is the only goroutine that runs or could.
func Idle() bool {
	state := []metrics.Sample{
		{Name: "/sched/goroutines/running:goroutines"},
		{Name: "/sched/goroutines/runnable:goroutines"},
	}
	metrics.Read(state)
	return state[0].Value.Uint64() <= 1 && state[1].Value.Uint64() == 0
}

// calm waits until nothing is under way any more, before the next call is made.
// In a scenario it waits no longer than r.patience, for the reasons that settle has.
func (r *replayer) calm() {
	start := time.Now()
	Calm(r.patience)
	r.patience -= time.Since(start)
}

// Calm waits until no other goroutine has anything to do, but no longer than limit.
// What packets on lo0 lead to, the real kernel does before a call returns; one
// whose goroutines do that may have returned first.
func Calm(limit time.Duration) {
	for start := time.Now(); !Idle() && time.Since(start) < limit; {
		time.Sleep(20 * time.Microsecond)
	}
}
