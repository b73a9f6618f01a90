package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

const (
	shapeRows   = 20_000
	shapeBatch  = 500
	shapeRounds = 30 // of deletes and new rows, so that pages are freed, merged and used again
)

// boltToOurs: files that bbolt itself wrote in many transactions, with other page sizes and with
// the freelist stored or not, are read by us as bbolt reads them.
func (b *bench) boltToOurs() error {
	for _, pageBytes := range []int{4096, 8192, 16384, 65536} {
		for _, stored := range []bool{true, false} {
			path := filepath.Join(b.work.Path, fmt.Sprintf("bolt-%d-%v.db", pageBytes, stored))
			options := &bolt.Options{PageSize: pageBytes, NoFreelistSync: !stored, NoSync: true}
			if err := boltShape(path, options, rand.New(rand.NewPCG(b.seed, uint64(pageBytes)))); err != nil {
				return err
			}
			if err := b.readAlike(path); err != nil {
				return err
			}
		}
	}
	fmt.Println("files that bbolt wrote with pages of 4 to 64 KiB are read as bbolt reads them")
	return nil
}

func boltShape(path string, options *bolt.Options, rng *rand.Rand) error {
	db, err := bolt.Open(path, 0o600, options)
	if err != nil {
		return err
	}
	defer db.Close()
	for range shapeRounds {
		if err := db.Update(func(tx *bolt.Tx) error { return boltRound(tx, rng) }); err != nil {
			return err
		}
	}
	return db.Close()
}

// boltRound puts rows in random places and deletes a run of them, which empties whole leaves.
func boltRound(tx *bolt.Tx, rng *rand.Rand) error {
	for _, name := range []string{"key", "meta", "alarm"} {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	bucket := tx.Bucket([]byte("key"))
	for range shapeBatch {
		key, value, err := madeVersion(rng, rng.Int64N(shapeRows)+2)
		if err != nil {
			return err
		}
		if err := bucket.Put(key, value); err != nil {
			return err
		}
	}
	from, _, err := madeVersion(rng, rng.Int64N(shapeRows)+2)
	if err != nil {
		return err
	}
	cursor := bucket.Cursor()
	key, _ := cursor.Seek(from)
	for n := 0; key != nil && n < shapeBatch/3; n++ {
		if err := cursor.Delete(); err != nil {
			return err
		}
		key, _ = cursor.Next()
	}
	return nil
}
