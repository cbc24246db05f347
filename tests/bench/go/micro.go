package main

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// What takes nanoseconds: each body says the price of one operation. bodies/micro.hpp says what each does.

func maxOfOne(n int64) int64 {
	if n < 1 {
		return 1
	}
	return n
}

// An atomic store costs 5 ns more in Go than in C++, where it can be a plain one.
func yieldTimes(mine *counter, stop *int32, times int64) {
	for i := int64(0); i < times && atomic.LoadInt32(stop) == 0; i++ {
		mine.addOne()
		runtime.Gosched()
	}
}

func yields(processors int, count int64) {
	var stop, never int32
	counters := make([]counter, count)
	var ended sync.WaitGroup
	for i := int64(1); i < count; i++ {
		ended.Add(1)
		go func(mine *counter) {
			defer ended.Done()
			yieldTimes(mine, &stop, math.MaxInt64)
		}(&counters[i])
	}
	runtime.Gosched()
	say("switch", "ns", nsPerOperation(func(times int64) int64 {
		before := sumOf(counters)
		yieldTimes(&counters[0], &never, maxOfOne(times/count))
		return sumOf(counters) - before
	}))
	atomic.StoreInt32(&stop, 1)
	ended.Wait()
}

func spawnAndJoin(processors int, count int64) {
	var ended sync.WaitGroup
	say("fiber", "ns", nsPerOperation(func(times int64) int64 {
		rounds := (times + count - 1) / count
		for round := int64(0); round < rounds; round++ {
			ended.Add(int(count))
			for i := int64(0); i < count; i++ {
				go ended.Done()
			}
			ended.Wait()
		}
		return rounds * count
	}))
}

func roundTrip(processors int, count int64) {
	there := make(chan int)
	back := make(chan int)
	go func() {
		for value := range there {
			back <- value
		}
	}()
	say("round trip", "ns", nsPerOperation(func(times int64) int64 {
		for i := int64(0); i < times; i++ {
			there <- int(i)
			<-back
		}
		return times
	}))
	close(there)
}

func buffered(processors int, count int64) {
	channel := make(chan int, 1024)
	go func() {
		for range channel {
		}
	}()
	say("value", "ns", nsPerOperation(func(times int64) int64 {
		for i := int64(0); i < times; i++ {
			channel <- int(i)
		}
		return times
	}))
	close(channel)
}

func freeMutex(processors int, count int64) {
	var mutex sync.Mutex
	say("lock", "ns", nsPerOperation(func(times int64) int64 {
		for i := int64(0); i < times; i++ {
			mutex.Lock()
			mutex.Unlock()
		}
		return times
	}))
}

func contendedMutex(processors int, count int64) {
	var mutex sync.Mutex
	var turns int64 // guarded by mutex
	stop := false   // guarded by mutex
	turn := func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		turns++
		runtime.Gosched()
		return !stop
	}
	turnsNow := func() int64 {
		mutex.Lock()
		defer mutex.Unlock()
		return turns
	}
	var ended sync.WaitGroup
	for i := int64(1); i < count; i++ {
		ended.Add(1)
		go func() {
			defer ended.Done()
			for turn() {
			}
		}()
	}
	say("turn", "ns", nsPerOperation(func(times int64) int64 {
		before := turnsNow()
		for i := int64(0); i < maxOfOne(times/count); i++ {
			turn()
		}
		return turnsNow() - before
	}))
	mutex.Lock()
	stop = true
	mutex.Unlock()
	ended.Wait()
}
