package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// What needs very many goroutines. bodies/many.hpp says what each body does.

const (
	leavesOfAll = 1000000
	branches    = 10
)

func skynet(sumOf func(first, leaves int64) int64) {
	start := time.Now()
	sum := sumOf(0, leavesOfAll)
	took := time.Since(start)
	if sum != leavesOfAll*(leavesOfAll-1)/2 {
		fail(fmt.Sprintf("the leaves add up to %d", sum))
	}
	say("all", "ns", float64(took))
}

func skynetNode(parent chan<- int64, first, leaves int64) {
	if leaves == 1 {
		parent <- first
		return
	}
	children := make(chan int64)
	each := leaves / branches
	for i := int64(0); i < branches; i++ {
		go skynetNode(children, first+i*each, each)
	}
	var sum int64
	for i := 0; i < branches; i++ {
		sum += <-children
	}
	parent <- sum
}

func skynetChannels(processors int, count int64) {
	skynet(func(first, leaves int64) int64 {
		root := make(chan int64)
		go skynetNode(root, first, leaves)
		return <-root
	})
}

func joinedSum(first, leaves int64) int64 {
	if leaves == 1 {
		return first
	}
	var parts [branches]int64
	var ended sync.WaitGroup
	ended.Add(branches)
	each := leaves / branches
	for i := int64(0); i < branches; i++ {
		go func(i int64) {
			parts[i] = joinedSum(first+i*each, each)
			ended.Done()
		}(i)
	}
	ended.Wait()
	var sum int64
	for _, part := range parts {
		sum += part
	}
	return sum
}

func skynetJoin(processors int, count int64) {
	skynet(joinedSum)
}

func parked(processors int, count int64) {
	const makers = 4
	gate := make(chan int)
	var waiting int64
	var left sync.WaitGroup
	left.Add(int(count))
	before := residentBytes()
	start := time.Now()
	for maker := 0; maker < makers; maker++ {
		go func() {
			for i := int64(0); i < count/makers; i++ {
				go func() {
					atomic.AddInt64(&waiting, 1)
					<-gate
					left.Done()
				}()
			}
		}()
	}
	for atomic.LoadInt64(&waiting) != count {
		runtime.Gosched()
	}
	runtime.Gosched()
	created := time.Since(start)
	after := residentBytes()
	closed := time.Now()
	close(gate)
	left.Wait()
	woken := time.Since(closed)
	say("memory each", "B", float64(after-before)/float64(count))
	say("to make all", "ns", float64(created))
	say("to wake and join all", "ns", float64(woken))
}

func timers(processors int, count int64) {
	const (
		shortest = int64(500 * time.Millisecond)
		spread   = int64(700 * time.Millisecond)
		warmUp   = 1500 * time.Millisecond
		watch    = 6 * time.Second
	)
	lateness := make([]float64, 30*count)
	var wakes int64
	var watched int32
	for i := int64(0); i < count; i++ {
		go func(i int64) {
			x := uint64(i) + 1
			for {
				x = x*6364136223846793005 + 1442695040888963407
				pause := time.Duration(shortest + int64(x>>33)%spread)
				start := time.Now()
				time.Sleep(pause)
				if atomic.LoadInt32(&watched) == 0 {
					continue
				}
				if place := atomic.AddInt64(&wakes, 1) - 1; place < int64(len(lateness)) {
					lateness[place] = float64(time.Since(start) - pause)
				}
			}
		}(i)
	}
	time.Sleep(warmUp)
	cpu := cpuNs()
	start := time.Now()
	atomic.StoreInt32(&watched, 1)
	time.Sleep(watch)
	atomic.StoreInt32(&watched, 0)
	used := float64(cpuNs() - cpu)
	seconds := time.Since(start).Seconds()
	number := atomic.LoadInt64(&wakes)
	if number > int64(len(lateness)) {
		number = int64(len(lateness))
	}
	lateness = lateness[:number]
	say("lateness p50", "ns", percentile(lateness, 0.5))
	say("lateness p99", "ns", percentile(lateness, 0.99))
	say("CPU in 6 s", "ns", used)
	say("wakes a second", "1/s", float64(number)/seconds)
	os.Exit(0) // the goroutines sleep on
}
