package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// What preemption does and costs. bodies/busy.hpp says what each body does.

var sink uint64

func compute(x uint64) uint64 {
	for i := 0; i < 256; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

type watch struct {
	work int64
	time time.Duration
}

func (w *watch) rate() float64 { return float64(w.work) / float64(w.time) }

func (w *watch) during(done []counter, body func()) {
	work := sumOf(done)
	start := time.Now()
	body()
	w.work += sumOf(done) - work
	w.time += time.Since(start)
}

func ticker(processors int, count int64) {
	const (
		stretch   = 200 * time.Millisecond
		stretches = 4
		tick      = time.Millisecond
	)
	done := make([]counter, count)
	var stop int32
	var ended sync.WaitGroup
	for i := range done {
		ended.Add(1)
		go func(mine *counter) {
			defer ended.Done()
			x := uint64(1)
			for atomic.LoadInt32(&stop) == 0 {
				x = compute(x)
				mine.addOne()
			}
			atomic.AddUint64(&sink, x)
		}(&done[i])
	}
	var lateness []float64
	var ticking, quiet watch
	time.Sleep(stretch)
	for i := 0; i < stretches; i++ {
		ticking.during(done, func() {
			for start := time.Now(); time.Since(start) < stretch; {
				before := time.Now()
				time.Sleep(tick)
				lateness = append(lateness, float64(time.Since(before)-tick))
			}
		})
		quiet.during(done, func() { time.Sleep(stretch) })
	}
	atomic.StoreInt32(&stop, 1)
	ended.Wait()
	say("lateness p50", "ns", percentile(lateness, 0.5))
	say("lateness p99", "ns", percentile(lateness, 0.99))
	say("throughput lost", "%", 100*(1-ticking.rate()/quiet.rate()))
}

func twoHogs(rounds int64, together bool) time.Duration {
	var ended sync.WaitGroup
	hog := func() {
		x := uint64(1)
		for i := int64(0); i < rounds; i++ {
			x = compute(x)
		}
		atomic.AddUint64(&sink, x)
		ended.Done()
	}
	start := time.Now()
	for i := 0; i < 2; i++ {
		ended.Add(1)
		go hog()
		if !together {
			ended.Wait()
		}
	}
	ended.Wait()
	return time.Since(start)
}

func hogs(processors int, count int64) {
	const (
		hog   = 120 * time.Millisecond
		pairs = 4
	)
	start := time.Now()
	x := uint64(1)
	for i := 0; i < 10000; i++ {
		x = compute(x)
	}
	rounds := 10000 * int64(hog) / int64(time.Since(start))
	atomic.AddUint64(&sink, x)
	lost := make([]float64, pairs)
	for i := range lost {
		with := twoHogs(rounds, true)
		without := twoHogs(rounds, false)
		lost[i] = 100 * (1 - float64(without)/float64(with))
	}
	say("throughput lost", "%", percentile(lost, 0.5))
}
