// A Redis in memory, for the cache of Argo CD: Debian's redis-server needs libraries that unpacking alone does not bring.
//
//	miniredis 127.0.0.1:6379
package main

import (
	"log"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	// Its entries age only when they are told to.
	for range time.Tick(time.Second) {
		server.FastForward(time.Second)
	}
}
