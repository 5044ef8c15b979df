package com.paiml.duende.falsification;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.ublk.ring.Syscalls;
import com.paiml.duende.ublk.targets.Algorithm;
import com.paiml.duende.ublk.targets.Compressor;
import com.paiml.duende.ublk.targets.PageStore;
import com.paiml.duende.ublk.targets.Pages;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The compressed store of block devices: how small, and how fast on one core. What is stored is real: the texts and the class
 * files that come with the JDK that runs this.
 */
@Falsification
class BlockClaims {
  private static final int MOST = 16 << 20;
  private static final long ROUND_NANOS = 400_000_000L;

  private static byte[] texts() throws Exception {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (Stream<Path> files = Files.walk(Path.of(System.getProperty("java.home"), "legal"))) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        if (all.size() < MOST) {
          all.write(Files.readAllBytes(file));
        }
      }
    }
    return wholePages(all.toByteArray());
  }

  private static byte[] programs() throws Exception {
    Path modules = Path.of(System.getProperty("java.home"), "lib", "modules");
    try (InputStream in = Files.newInputStream(modules)) {
      return wholePages(in.readNBytes(MOST));
    }
  }

  private static byte[] wholePages(byte[] bytes) {
    return Arrays.copyOf(bytes, bytes.length / Pages.SIZE * Pages.SIZE);
  }

  private interface Use {
    void use(PageStore store) throws Exception;
  }

  private static void withStore(Attempt attempt, Algorithm algorithm, long size, Use use)
      throws Exception {
    if (!(Linux.detect() instanceof Linux.Here here) || !Files.isWritable(Path.of("/dev/shm"))) {
      throw attempt.notRunHere("the store lives in /dev/shm of Linux");
    }
    Path file = Path.of("/dev/shm", "duende-claim-" + UUID.randomUUID());
    try (PageStore store = PageStore.create(new Syscalls(here.linux()), file, algorithm, size, 0)) {
      use.use(store);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static void write(PageStore store, byte[] bytes) {
    MemorySegment page = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(Pages.SIZE));
    for (int at = 0; at < bytes.length; at += Pages.SIZE) {
      MemorySegment.copy(MemorySegment.ofArray(bytes), at, page, 0, Pages.SIZE);
      if (store.write(at, page) != 0) {
        throw new IllegalStateException("the store did not take page " + at / Pages.SIZE);
      }
    }
  }

  @Test
  void f035_the_compressed_store_takes_less_than_half(Attempt attempt) throws Exception {
    List<String> figures = new ArrayList<>();
    boolean[] half = {true};
    for (Algorithm algorithm : List.of(Algorithm.LZ4, Algorithm.ZSTD)) {
      for (boolean text : new boolean[] {true, false}) {
        byte[] bytes = text ? texts() : programs();
        withStore(
            attempt,
            algorithm,
            bytes.length,
            store -> {
              write(store, bytes);
              PageStore.Statistics s = store.statistics();
              double share = 100.0 * s.memoryUsed() / bytes.length;
              half[0] &= share < 50;
              figures.add(
                  String.format(
                      Locale.ROOT,
                      "%s of %s: %.1f %% of %d MB (%d pages raw)",
                      algorithm.word(),
                      text ? "texts" : "class files",
                      share,
                      bytes.length >> 20,
                      s.hugePages()));
            });
      }
    }
    attempt.time(half[0], String.join("; ", figures));
  }

  @Test
  void f036_pages_of_one_value_are_stored_2048_to_1(Attempt attempt) throws Exception {
    long size = 64L << 20;
    withStore(
        attempt,
        Algorithm.LZ4,
        size,
        store -> {
          MemorySegment page = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(Pages.SIZE));
          for (long at = 0; at < size; at += Pages.SIZE) {
            page.fill((byte) (at / Pages.SIZE));
            store.write(at, page);
          }
          PageStore.Statistics s = store.statistics();
          long table = size / Pages.SIZE * PageStore.TABLE_ENTRY_BYTES;
          long ratio = size / (s.memoryUsed() + table);
          attempt.time(
              ratio >= 2048,
              String.format(
                  Locale.ROOT,
                  "%d pages of one value: %d bytes beside the table, whose entry has %d bytes for"
                      + " every page: %d to 1",
                  s.samePages(),
                  s.memoryUsed(),
                  PageStore.TABLE_ENTRY_BYTES,
                  ratio));
        });
  }

  @Test
  void f037_lz4_moves_3_gigabytes_a_second(Attempt attempt) throws Exception {
    Speed speed = speed(Algorithm.LZ4, programs());
    attempt.rival("pure Java: " + speed(Algorithm.LZ4_JAVA, programs()));
    attempt.time(speed.packs >= 3 && speed.unpacks >= 3, speed + "; for each core");
  }

  @Test
  void f038_zstandard_moves_8_gigabytes_a_second(Attempt attempt) throws Exception {
    Speed speed = speed(Algorithm.ZSTD, programs());
    attempt.rival("LZ4: " + speed(Algorithm.LZ4, programs()));
    attempt.time(speed.packs >= 8 && speed.unpacks >= 8, speed + "; for each core");
  }

  @Test
  void f040_native_compression_beats_pure_java(Attempt attempt) throws Exception {
    byte[] hundred = Arrays.copyOf(programs(), 100 * Pages.SIZE);
    Speed pure = speed(Algorithm.LZ4_JAVA, hundred);
    Speed by = speed(Algorithm.LZ4, hundred);
    attempt.rival("pure Java LZ4: " + pure);
    attempt.time(
        by.packs > pure.packs && by.unpacks > pure.unpacks,
        "100 pages, native LZ4: " + by + "; there is no Zstandard in pure Java here");
  }

  private record Speed(double packs, double unpacks) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT, "compresses %.2f GB/s, decompresses %.2f GB/s", packs, unpacks);
    }
  }

  /** The best of five rounds, one thread. */
  private static Speed speed(Algorithm algorithm, byte[] bytes) {
    int count = bytes.length / Pages.SIZE;
    ByteBuffer page = ByteBuffer.allocateDirect(Pages.SIZE);
    List<ByteBuffer> plain = new ArrayList<>();
    List<ByteBuffer> packed = new ArrayList<>();
    List<Integer> lengths = new ArrayList<>();
    try (Compressor compressor = algorithm.compressor()) {
      for (int i = 0; i < count; i++) {
        ByteBuffer from = ByteBuffer.allocateDirect(Pages.SIZE);
        from.put(0, bytes, i * Pages.SIZE, Pages.SIZE);
        ByteBuffer to = ByteBuffer.allocateDirect(2 * Pages.SIZE);
        plain.add(from);
        packed.add(to);
        lengths.add(compressor.compress(from, to));
      }
      ByteBuffer scratch = ByteBuffer.allocateDirect(2 * Pages.SIZE);
      double packs = best(count, i -> compressor.compress(plain.get(i), scratch) > 0);
      double unpacks = best(count, i -> compressor.decompress(packed.get(i), lengths.get(i), page));
      return new Speed(packs, unpacks);
    }
  }

  private interface Step {
    boolean done(int page);
  }

  private static double best(int count, Step step) {
    double best = 0;
    for (int round = 0; round < 5; round++) {
      long pages = 0;
      long begin = System.nanoTime();
      long took;
      do {
        for (int i = 0; i < count; i++) {
          if (!step.done(i)) {
            throw new IllegalStateException("page " + i + " was not (de)compressed");
          }
        }
        pages += count;
        took = System.nanoTime() - begin;
      } while (took < ROUND_NANOS);
      best = Math.max(best, (double) pages * Pages.SIZE / took);
    }
    return best;
  }
}
