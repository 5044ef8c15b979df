/* Tries to get out of /box in every way there is. Prints one line for each attempt. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void try_read(const char *path) {
  char text[64] = {0};
  int fd = open(path, O_RDONLY);
  if (fd < 0) {
    printf("read %s: %s\n", path, strerror(errno));
    return;
  }
  ssize_t n = read(fd, text, sizeof text - 1);
  printf("read %s: got %.*s\n", path, (int)n, text);
  close(fd);
}

static void report(const char *what, int result) { printf("%s: %s\n", what, result == 0 ? "done" : strerror(errno)); }

int main(void) {
  try_read("/box/in.txt");
  try_read("/box/sub/../in.txt");
  try_read("/box/../secret.txt");
  try_read("/box/sub/../../secret.txt");
  try_read("/etc/passwd");
  try_read("/box/link_out");
  try_read("/box/link_dir/secret.txt");
  try_read("/box/link_absolute");
  try_read("/box/link_in");
  report("symlink absolute", symlink("/etc/passwd", "/box/made_absolute"));
  report("symlink upwards", symlink("../secret.txt", "/box/made_up"));
  try_read("/box/made_up");
  report("rename out", rename("/box/in.txt", "/box/../stolen.txt"));
  report("unlink out", unlink("/box/../secret.txt"));
  report("mkdir out", mkdir("/box/../evil", 0777));
  report("write read-only", open("/shelf/new.txt", O_CREAT | O_WRONLY, 0666) < 0);
  try_read("/shelf/book.txt");
  report("unlink read-only", unlink("/shelf/book.txt"));
  int fd = open("/box/new.txt", O_CREAT | O_WRONLY, 0666);
  report("write inside", write(fd, "new", 3) != 3);
  close(fd);
  try_read("/box/new.txt");
  /* a directory that is open while it is replaced by a link */
  mkdir("/box/dir", 0777);
  int dir = open("/box/dir", O_RDONLY | O_DIRECTORY);
  report("rename dir", rename("/box/dir", "/box/moved"));
  report("link in its place", symlink("..", "/box/dir"));
  int got = openat(dir, "secret.txt", O_RDONLY);
  printf("openat replaced: %s\n", got < 0 ? strerror(errno) : "got it");
  return 0;
}
