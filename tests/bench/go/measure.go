package main

import (
	"fmt"
	"os"
	"sort"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// say prints one figure as the C++ bodies do.
func say(measure, unit string, value float64) {
	fmt.Printf("{\"measure\":%q,\"unit\":%q,\"value\":%.15g}\n", measure, unit, value)
}

// clockNs reads CLOCK_MONOTONIC, which all processes share; Go's own monotonic clock begins with the process.
func clockNs() int64 {
	const monotonic = 1
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano()
}

func cpuNs() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err.Error())
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

// residentBytes is what the process has in memory (proc(5), statm).
func residentBytes() int64 {
	var size, resident int64
	file, err := os.Open("/proc/self/statm")
	if err == nil {
		_, err = fmt.Fscan(file, &size, &resident)
		file.Close()
	}
	if err != nil {
		fail(err.Error())
	}
	return resident * int64(os.Getpagesize())
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}

func percentile(values []float64, share float64) float64 {
	sort.Float64s(values)
	return values[int(share*float64(len(values)-1))]
}

// nsPerOperation: run(n) does about n operations and says how many it did. The median of three batches that take some 40 ms each.
func nsPerOperation(run func(times int64) int64) float64 {
	const batch = 40 * time.Millisecond
	operations := int64(1)
	var took time.Duration
	for {
		start := time.Now()
		run(operations)
		if took = time.Since(start); took > batch/10 {
			break
		}
		operations *= 2
	}
	if operations = operations * int64(batch) / int64(took); operations < 1 {
		operations = 1
	}
	times := make([]float64, 3)
	for i := range times {
		start := time.Now()
		done := run(operations)
		times[i] = float64(time.Since(start)) / float64(done)
	}
	return percentile(times, 0.5)
}

// counter does not share a cache line with its neighbours; one goroutine writes it.
type counter struct {
	value int64
	_     [56]byte
}

func (c *counter) addOne()     { atomic.AddInt64(&c.value, 1) }
func (c *counter) read() int64 { return atomic.LoadInt64(&c.value) }

func sumOf(counters []counter) int64 {
	var sum int64
	for i := range counters {
		sum += counters[i].read()
	}
	return sum
}
