package main

import (
	"bytes"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// row is one key and value of one bucket. An empty bucket is not seen.
type row struct {
	bucket     string
	key, value []byte
}

func compareRows(a, b row) int {
	if a.bucket != b.bucket {
		return bytes.Compare([]byte(a.bucket), []byte(b.bucket))
	}
	return bytes.Compare(a.key, b.key)
}

// boltRows is everything in a file as bbolt reads it, after bbolt's own check of every page.
func boltRows(path string) (rows []row, buckets int, err error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		return nil, 0, fmt.Errorf("bbolt does not open %s: %w", path, err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		for problem := range tx.Check() {
			return fmt.Errorf("bbolt's check of %s: %w", path, problem)
		}
		return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
			buckets++
			return bucket.ForEach(func(key, value []byte) error {
				rows = append(rows, row{string(name), slices.Clone(key), slices.Clone(value)})
				return nil
			})
		})
	})
	return rows, buckets, err
}

// sameRows compares row by row, so that the first difference can be shown.
func sameRows(want, got []row) error {
	for i := range min(len(want), len(got)) {
		w, g := want[i], got[i]
		if compareRows(w, g) != 0 || !bytes.Equal(w.value, g.value) {
			return fmt.Errorf("row %d: want %s %x = %.200x, got %s %x = %.200x",
				i, w.bucket, w.key, w.value, g.bucket, g.key, g.value)
		}
	}
	if len(want) != len(got) {
		return fmt.Errorf("%d rows wanted, %d there", len(want), len(got))
	}
	return nil
}
