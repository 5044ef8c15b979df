package com.paiml.duende.support.rotation;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One rotation under a running writer, as it is on record while it goes on: the record is the name of the file that holds the
 * new archive.
 *
 * @param how what is done to the log
 * @param keeps whether the lines go to an archive, or are dropped because newer ones fill all archives
 * @param number of the seam
 * @param from up to here bytes are cut out; a multiple of the block when they are collapsed
 * @param to up to here lines are archived; the seam covers what is between the two
 */
record Cut(How how, boolean keeps, long number, long from, long to) {
  /** What becomes of the bytes. */
  enum How {
    COLLAPSE,
    PUNCH
  }

  /** A line longer than this may be cut within; readers give such a line in pieces anyway. */
  private static final int LONGEST_LINE = 64 * 1024;

  private static final Pattern NAME =
      Pattern.compile(
          ".*\\.cut-(collapse|punch)-(keep|drop)-([0-9]{1,12})-([0-9]{1,18})-([0-9]{1,18})");

  /** The file that has this cut on record. */
  Path record(Path log) {
    return log.resolveSibling(
        log.getFileName()
            + ".cut-"
            + how.name().toLowerCase(java.util.Locale.ROOT)
            + (keeps ? "-keep-" : "-drop-")
            + number
            + "-"
            + from
            + "-"
            + to);
  }

  static Optional<Cut> parse(Path record) {
    Matcher m = NAME.matcher(String.valueOf(record.getFileName()));
    return m.matches()
        ? Optional.of(
            new Cut(
                m.group(1).equals("collapse") ? How.COLLAPSE : How.PUNCH,
                m.group(2).equals("keep"),
                Long.parseLong(m.group(3)),
                Long.parseLong(m.group(4)),
                Long.parseLong(m.group(5))))
        : Optional.empty();
  }

  /**
   * Finds where to cut.
   *
   * @param content offset of the first line
   * @param wanted cut about here, not above
   * @return empty when there is no end of line to cut at yet
   */
  static Optional<Cut> plan(
      RandomAccessFile file,
      How how,
      boolean keeps,
      long number,
      long content,
      long wanted,
      int block)
      throws IOException {
    if (how == How.PUNCH) {
      long to = endOfLine(file, Math.max(content, wanted - LONGEST_LINE / 8));
      return to <= 0 ? Optional.empty() : Optional.of(new Cut(how, keeps, number, to, to));
    }
    for (long from = wanted / block * block; from > content; from -= block) {
      long to = endOfLine(file, from + Seam.MIN_BYTES - 1);
      // Collapsing may not reach the end of the file; the seam, at least, stays.
      if (to > 0) {
        return Optional.of(new Cut(how, keeps, number, from, to));
      }
    }
    return Optional.empty();
  }

  /** After the first end of line at or after the offset; 0 when there is none yet. */
  private static long endOfLine(RandomAccessFile file, long offset) throws IOException {
    byte[] bytes = new byte[LONGEST_LINE];
    file.seek(offset);
    int n = 0;
    while (n < bytes.length) {
      int got = file.read(bytes, n, Math.min(4096, bytes.length - n));
      if (got <= 0) {
        return 0;
      }
      for (int i = n; i < n + got; i++) {
        if (bytes[i] == '\n') {
          return offset + i + 1;
        }
      }
      n += got;
    }
    return offset + n;
  }
}
