package com.paiml.duende.support.rotation;

import com.paiml.duende.linux.file.FileRanges;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Cuts with fallocate(2). The writer has the file open for appending and is never asked: what the kernel removes at the
 * front it cannot notice, and its next line goes to the new end.
 *
 * <p>A cut survives the death of this JVM at any point: first the archive is written whole and made durable under a name
 * that says what is being done ({@link Cut#record}); then the seam is written and the head cut out; then the archive gets
 * its number. Whoever finds such a name completes it.
 */
final class KernelCutter implements LogCutter {
  private static final Logger LOGGER = System.getLogger(KernelCutter.class.getName());
  private static final String HALF = ".archiving";

  private final FileRanges ranges;
  private final Map<Path, Optional<Cut.How>> byFolder = new ConcurrentHashMap<>();

  KernelCutter(FileRanges ranges) {
    this.ranges = ranges;
  }

  @Override
  public String describe() {
    return "under the running writer, by fallocate";
  }

  @Override
  public void betweenRuns(LogBook book) {
    // Any time is as good.
  }

  @Override
  public long contentOffset(Path file) throws IOException {
    byte[] head = new byte[1];
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      if (in.read(head) == 1 && head[0] == 0) {
        return afterHole(file, in);
      }
    }
    return Heads.contentOffset(file);
  }

  /** A hole reads as zeros, and ends within a block with zeros too. */
  private long afterHole(Path file, RandomAccessFile in) throws IOException {
    long at;
    try {
      OptionalLong data = ranges.firstData(file, 0);
      at = data.orElse(in.length());
    } catch (LinuxException unknown) {
      at = 0;
    }
    in.seek(at);
    byte[] chunk = new byte[16 * 1024];
    for (int n = in.read(chunk); n > 0; n = in.read(chunk)) {
      for (int i = 0; i < n; i++) {
        if (chunk[i] != 0) {
          return at + i;
        }
      }
      at += n;
    }
    return at;
  }

  @Override
  public void finishInterrupted(Path file, Archives archives, int keep) throws IOException {
    Path folder = archives.folder();
    if (!Files.isDirectory(folder)) {
      return;
    }
    String prefix = String.valueOf(file.getFileName());
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(
            folder, p -> String.valueOf(p.getFileName()).startsWith(prefix + "."))) {
      for (Path path : found) {
        String rest = String.valueOf(path.getFileName()).substring(prefix.length());
        if (rest.equals(HALF)) {
          // Not yet whole, so nothing was cut.
          Files.deleteIfExists(path);
        } else if (rest.startsWith(".cut-")) {
          Optional<Cut> cut = Cut.parse(path);
          if (cut.isPresent()) {
            finish(file, archives, keep, cut.get());
          }
        }
      }
    }
  }

  private void finish(Path file, Archives archives, int keep, Cut cut) throws IOException {
    if (!Files.exists(file)) {
      archives.push(cut.record(file), keep);
      return;
    }
    if (cut.how() == Cut.How.PUNCH || !isCollapsed(file, cut)) {
      remove(file, cut);
    }
    file(archives, cut, file, keep);
  }

  private static boolean isCollapsed(Path file, Cut cut) throws IOException {
    OptionalLong seam = Heads.seam(file);
    return seam.isPresent() && seam.getAsLong() == cut.number();
  }

  /** Takes the head out of the log. Doing it again after it was interrupted does no harm. */
  private void remove(Path file, Cut cut) throws IOException {
    try {
      if (cut.how() == Cut.How.PUNCH) {
        ranges.punch(file, 0, cut.to());
        return;
      }
      byte[] covered = new byte[(int) (cut.to() - cut.from())];
      try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "rw")) {
        log.seek(cut.from());
        log.readFully(covered);
        log.seek(cut.from());
        log.write(Seam.of(cut.number(), covered.length));
        try {
          ranges.collapse(file, cut.from());
        } catch (LinuxException refused) {
          log.seek(cut.from());
          log.write(covered);
          throw refused;
        }
      }
    } catch (LinuxException refused) {
      throw new IOException(refused.getMessage(), refused);
    }
  }

  private void removeOrForget(Path file, Cut cut) throws IOException {
    try {
      remove(file, cut);
    } catch (IOException e) {
      // Nothing was cut: the lines are all still in the log.
      Files.deleteIfExists(cut.record(file));
      throw e;
    }
  }

  private static void file(Archives archives, Cut cut, Path file, int keep) throws IOException {
    if (cut.keeps()) {
      archives.push(cut.record(file), keep);
    } else {
      for (Path archive : archives.list()) {
        Files.deleteIfExists(archive);
      }
      Files.deleteIfExists(cut.record(file));
    }
  }

  @Override
  public boolean cut(LogBook book) throws IOException {
    Path file = book.file();
    Optional<Cut.How> how = byFolder.computeIfAbsent(book.archives().folder(), this::probe);
    if (how.isEmpty()) {
      return false;
    }
    long max = book.config().maxSize();
    int keep = book.config().keep();
    long content = book.contentOffset();
    long length = file.toFile().length();
    // After a long absence there may be more than all archives hold: what they would push out at
    // once is not copied.
    boolean tooMuch = length - content > (keep + 2) * max;
    boolean keeps = keep > 0 && !tooMuch;
    long wanted = tooMuch ? length - (keep + 1) * max : content + max - Seam.MIN_BYTES - 1024;
    long number = Files.exists(file) ? Heads.seam(file).orElse(0) + 1 : 1;
    Optional<Cut> plan;
    try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
      int block = (int) Files.getFileStore(file).getBlockSize();
      plan = Cut.plan(log, how.get(), keeps, number, content, wanted, block);
      if (plan.isEmpty()) {
        return false;
      }
      archive(file, log, content, plan.get());
    }
    Cut cut = plan.get();
    long offset = cut.to() - (cut.how() == Cut.How.COLLAPSE ? cut.from() : 0);
    book.rotated(
        cut.to() - content,
        offset,
        cut.keeps(),
        () -> removeOrForget(file, cut),
        () -> file(book.archives(), cut, file, keep));
    return true;
  }

  private static void archive(Path file, RandomAccessFile log, long content, Cut cut)
      throws IOException {
    Path half = file.resolveSibling(file.getFileName() + HALF);
    try (FileChannel out =
        FileChannel.open(
            half,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      long at = content;
      while (cut.keeps() && at < cut.to()) {
        long moved = log.getChannel().transferTo(at, cut.to() - at, out);
        if (moved <= 0) {
          throw new IOException(file + " has become shorter");
        }
        at += moved;
      }
      // A power loss must not find the lines cut out here and not yet there.
      out.force(false);
    }
    Files.move(half, cut.record(file), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Finds by trying what the file system of that folder can do. */
  private Optional<Cut.How> probe(Path folder) {
    Path file = folder.resolve(".duende-probe-" + Long.toHexString(System.nanoTime()));
    try {
      int block = (int) Files.getFileStore(folder).getBlockSize();
      byte[] bytes = new byte[4 * block];
      Arrays.fill(bytes, (byte) 'x');
      Files.write(file, bytes);
      return tryOut(file, block);
    } catch (IOException e) {
      LOGGER.log(Level.WARNING, folder + ": cannot be tried: " + e.getMessage());
      return Optional.empty();
    } finally {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        LOGGER.log(Level.WARNING, file + ": stays behind: " + e.getMessage());
      }
    }
  }

  private Optional<Cut.How> tryOut(Path file, int block) {
    try {
      ranges.collapse(file, block);
      return Optional.of(Cut.How.COLLAPSE);
    } catch (LinuxException noCollapse) {
      try {
        ranges.punch(file, 0, block);
        return Optional.of(Cut.How.PUNCH);
      } catch (LinuxException neither) {
        LOGGER.log(
            Level.WARNING,
            file.getParent()
                + ": logs of programs cannot be rotated while they run: "
                + neither.getMessage());
        return Optional.empty();
      }
    }
  }
}
