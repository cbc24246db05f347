// The bodies in Go: PROGRAM BODY PROCESSORS COUNT runs one of them in this process, as the C++ programs do (bodies/program.hpp).
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

var bodies = map[string]func(processors int, count int64){
	"yield":           yields,
	"spawn":           spawnAndJoin,
	"round-trip":      roundTrip,
	"buffered":        buffered,
	"free-mutex":      freeMutex,
	"mutex":           contendedMutex,
	"skynet-channels": skynetChannels,
	"skynet-join":     skynetJoin,
	"parked":          parked,
	"timers":          timers,
	"ticker":          ticker,
	"hogs":            hogs,
	"start-up":        startUp,
	"clock":           clock,

	"foreign-call":     foreignCalls,
	"foreign-callback": foreignCallsWithCallback,
	"thread-callback":  callbacksFromAThread,
	"first-callback":   firstCallbacks,
}

func startUp(processors int, count int64) {
	at := make(chan int64)
	go func() { at <- clockNs() }()
	say("first fiber", "clock", float64(<-at))
}

func clock(processors int, count int64) {
	var last time.Time
	say("reading", "ns", nsPerOperation(func(times int64) int64 {
		for i := int64(0); i < times; i++ {
			last = time.Now()
		}
		return times
	}))
	runtime.KeepAlive(last)
}

func main() {
	if len(os.Args) == 4 && bodies[os.Args[1]] != nil {
		processors, err := strconv.Atoi(os.Args[2])
		count, err2 := strconv.ParseInt(os.Args[3], 10, 64)
		if err == nil && err2 == nil && processors > 0 {
			runtime.GOMAXPROCS(processors)
			bodies[os.Args[1]](processors, count)
			return
		}
	}
	fmt.Fprintf(os.Stderr, "usage: %s BODY PROCESSORS COUNT\n", os.Args[0])
	os.Exit(2)
}
