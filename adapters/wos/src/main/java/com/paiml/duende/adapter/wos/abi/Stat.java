package com.paiml.duende.adapter.wos.abi;

/**
 * What is known about a file ({@code $filestat}).
 *
 * @param size in bytes
 * @param accessed time in nanoseconds since 1970
 * @param modified time in nanoseconds since 1970
 * @param changed time in nanoseconds since 1970
 */
public record Stat(
    long device,
    long inode,
    FileType type,
    long links,
    long size,
    long accessed,
    long modified,
    long changed) {

  /** Something that is no file: a stream, a pipe, a queue. */
  public static Stat of(FileType type) {
    return new Stat(0, 0, type, 1, 0, 0, 0, 0);
  }
}
