package com.paiml.duende.support.rotation;

import java.io.IOException;
import java.nio.file.Path;

/** Where the head of a file cannot be taken from under its writer: such logs are rotated between two runs only. */
final class NoCutter implements LogCutter {
  @Override
  public String describe() {
    return "between two runs, by name";
  }

  @Override
  public void finishInterrupted(Path file, Archives archives, int keep) {
    // A change of names leaves nothing half done.
  }

  @Override
  public void betweenRuns(LogBook book) throws IOException {
    if (book.length() > book.config().maxSize()) {
      book.rotatedByName(() -> book.archives().push(book.file(), book.config().keep()));
    }
  }

  @Override
  public long contentOffset(Path file) throws IOException {
    return Heads.contentOffset(file);
  }

  @Override
  public boolean cut(LogBook book) {
    return false;
  }
}
