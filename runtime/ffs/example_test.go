package ffs_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"

	"github.com/abigen/abigen/runtime/ffs"
)

// example returns an image: here it is a compressed file, which takes reading it
// into memory; one that is not could be opened as it is.
func example() (io.ReaderAt, int64) {
	f, err := os.Open("testdata/v2be.img.gz")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		log.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		log.Fatal(err)
	}
	return bytes.NewReader(b), int64(len(b))
}

func Example() {
	fsys, err := ffs.Open(example())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(fsys.Info())
	_ = fs.WalkDir(fsys, "dir/below", func(path string, d fs.DirEntry, err error) error {
		fmt.Println(path, d.Type(), err)
		return err
	})
	data, err := fs.ReadFile(fsys, "dir/absolute") // a symbolic link to /dir/below/deep/file
	fmt.Printf("%.23q %v\n", data, err)
	// Output:
	// FFSv2, big-endian, 4096-byte blocks, 512-byte fragments
	// dir/below d--------- <nil>
	// dir/below/deep d--------- <nil>
	// dir/below/deep/file ---------- <nil>
	// dir/below/sticky d--------- <nil>
	// "dir/below/deep/file: li" <nil>
}

func ExampleFS_Lookup() {
	fsys, err := ffs.Open(example())
	if err != nil {
		log.Fatal(err)
	}
	n, err := fsys.Lookup("/dir/deeplink/../../../dev/null", false)
	if err != nil {
		log.Fatal(err)
	}
	st := n.Stat()
	fmt.Printf("inode %d, mode %#o, device %#x\n", st.Ino, st.Mode, st.Rdev)
	_, err = fsys.Lookup("/dir/self", true)
	fmt.Println(err)
	// Output:
	// inode 22, mode 020666, device 0x202
	// Too many levels of symbolic links
}
