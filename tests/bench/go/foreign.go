package main

// What cgo costs: a call of C, one that calls Go back, and calls of Go by a thread that C has made. foreign.c is the C of it.

/*
#include "foreign.h"
*/
import "C"

import "runtime"

//export goDoNothing
func goDoNothing() {}

func foreignCalls(processors int, count int64) {
	say("call", "ns", nsPerOperation(func(times int64) int64 {
		for i := int64(0); i < times; i++ {
			C.do_nothing()
		}
		return times
	}))
}

func foreignCallsWithCallback(processors int, count int64) {
	say("call", "ns", nsPerOperation(func(times int64) int64 {
		for i := int64(0); i < times; i++ {
			C.call_back()
		}
		return times
	}))
}

func callbacksFromAThread(processors int, count int64) {
	thread := C.start_thread()
	say("callback", "ns", nsPerOperation(func(times int64) int64 {
		C.call_back_on_thread(thread, C.int64_t(times))
		return times
	}))
	C.end_thread(thread)
}

func firstCallbacks(processors int, count int64) {
	took := make([]float64, count)
	for i := range took {
		took[i] = float64(C.first_callback_ns())
	}
	say("callback", "ns", percentile(took, 0.5))
	runtime.KeepAlive(took)
}
