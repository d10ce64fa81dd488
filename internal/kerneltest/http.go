package kerneltest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/abigen/abigen/runtime/nbsock"
)

// testHTTPConcurrent has 1,000 requests that are answered when all have arrived.
// The connections are made some at a time, since what does not fit in the queue of
// a listener may be refused.
func testHTTPConcurrent(t *testing.T, s *Subject) {
	requests := s.load(1000)
	n := s.net(t)
	var arrived atomic.Int32
	all := make(chan struct{})
	url, stop := serve(t, n, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if arrived.Add(1) == int32(requests) {
			close(all)
		}
		select {
		case <-all:
			_, _ = fmt.Fprintf(w, "hello, %s", r.URL.Path)
		case <-r.Context().Done():
		}
	}))
	defer stop()
	turns := make(chan struct{}, 50)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		turns <- struct{}{}
		defer func() { <-turns }()
		return n.DialContext(ctx, network, address)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: requests}, Timeout: 5 * time.Minute}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	for i := range requests {
		wg.Go(func() {
			path := fmt.Sprintf("/%d", i)
			body, err := get(client, url+path)
			if err != nil || body != "hello, "+path {
				t.Errorf("request %d: got %q, %v", i, body, err)
			}
		})
	}
	wg.Wait()
}

// serve runs a server, which the function returned stops.
func serve(t *testing.T, n *nbsock.Net, h http.Handler) (url string, stop func()) {
	t.Helper()
	l, err := n.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + port, func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}
}

func get(c *http.Client, url string) (string, error) {
	resp, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// testTLS has HTTP/2 over TLS, with a body of some size in both directions.
func testTLS(t *testing.T, s *Subject) {
	n := s.net(t)
	l, err := n.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Proto", r.Proto)
		_, _ = io.Copy(w, r.Body)
	}))
	_ = srv.Listener.Close()
	srv.Listener = l
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	client := &http.Client{Transport: &http.Transport{
		DialContext:       n.DialContext,
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: "example.com"},
		ForceAttemptHTTP2: true,
	}}
	defer client.CloseIdleConnections()
	const size = 1 << 20
	resp, err := client.Post(srv.URL, "application/octet-stream", io.LimitReader(zeros{}, size))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.Copy(io.Discard, resp.Body)
	if err != nil || got != size || resp.Header.Get("Proto") != "HTTP/2.0" {
		t.Errorf("got %d bytes over %s, %v", got, resp.Header.Get("Proto"), err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
