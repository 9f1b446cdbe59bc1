/*
 * The least that any program can do for a heartbeat over TCP: epoll, cut lines, read the number, note the time, answer.
 * Prints the port that it listens at on 127.0.0.1, and serves until its standard input ends.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define LINE_BYTES_MAX 64

static struct { char bytes[2 * LINE_BYTES_MAX]; size_t used; struct timespec heard; } peers[CONNECTIONS_MAX];

static void serve(int fd) {
  size_t room = sizeof peers[fd].bytes - peers[fd].used;
  ssize_t got = read(fd, peers[fd].bytes + peers[fd].used, room);
  if (got <= 0) { close(fd); peers[fd].used = 0; return; }
  peers[fd].used += got;
  for (char *end; (end = memchr(peers[fd].bytes, '\n', peers[fd].used)) != NULL;) {
    *end = 0;
    clock_gettime(CLOCK_MONOTONIC, &peers[fd].heard);
    if (strncmp(peers[fd].bytes, "PING ", 5) == 0) {
      char answer[LINE_BYTES_MAX];
      int length = snprintf(answer, sizeof answer, "PONG %lu\n", strtoul(peers[fd].bytes + 5, NULL, 10));
      if (write(fd, answer, length) != length) { close(fd); peers[fd].used = 0; return; }
    }
    size_t line = end + 1 - peers[fd].bytes;
    peers[fd].used -= line;
    memmove(peers[fd].bytes, end + 1, peers[fd].used);
  }
  if (peers[fd].used == sizeof peers[fd].bytes) { close(fd); peers[fd].used = 0; }
}

int main(void) {
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof at;
  int listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0), one = 1;
  if (bind(listener, (void *)&at, size) || listen(listener, 1024)) return 1;
  getsockname(listener, (void *)&at, &size);
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);
  struct epoll_event ask = { .events = EPOLLIN, .data.fd = listener };
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &ask);
  ask.data.fd = 0;
  epoll_ctl(poll, EPOLL_CTL_ADD, 0, &ask);
  for (;;) {
    struct epoll_event ready[256];
    int count = epoll_wait(poll, ready, 256, -1);
    for (int i = 0; i < count; i++) {
      int fd = ready[i].data.fd;
      if (fd == 0) return 0;
      if (fd != listener) { serve(fd); continue; }
      int peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
      if (peer < 0) continue;
      if (peer >= CONNECTIONS_MAX) { close(peer); continue; }
      setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      ask.data.fd = peer;
      epoll_ctl(poll, EPOLL_CTL_ADD, peer, &ask);
    }
  }
}
