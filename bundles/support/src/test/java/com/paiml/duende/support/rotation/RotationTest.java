package com.paiml.duende.support.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.paiml.duende.api.LogConfig;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.NextWrites;
import com.paiml.duende.linux.file.FileRanges;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.support.log.LogReader;
import com.paiml.duende.testkit.Await;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(OS.LINUX)
class RotationTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int MAX = 64 * 1024;

  @TempDir Path folder;
  private Path log;
  private FileRanges real;

  @BeforeEach
  void open() {
    log = folder.resolve("web.log");
    if (Linux.detect() instanceof Linux.Here(Linux linux)) {
      real = linux.fileRanges();
    } else {
      Assumptions.abort("not Linux");
    }
  }

  private void append(int from, int to) throws Exception {
    try (OutputStream out = new FileOutputStream(log.toFile(), true)) {
      StringBuilder text = new StringBuilder();
      for (int i = from; i < to; i++) {
        text.append(line(i)).append('\n');
      }
      out.write(text.toString().getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Lines of many lengths, so that cuts go through them everywhere. */
  private static String line(int i) {
    return "line " + i + " " + "x".repeat(i * 7 % 100);
  }

  private static List<String> lines(int from, int to) {
    return IntStream.range(from, to).mapToObj(RotationTest::line).toList();
  }

  /** Says where the two part, not all that they have. */
  private static void assertSameLines(List<String> expected, List<String> actual, String... what) {
    for (int i = 0; i < Math.min(expected.size(), actual.size()); i++) {
      assertEquals(expected.get(i), actual.get(i), String.join("", what) + " at line " + i);
    }
    assertEquals(expected.size(), actual.size(), String.join("", what));
  }

  @Test
  void aLogThatRestsIsNotLookedAtAndIsRotatedWhenItIsWrittenToAgain() throws Exception {
    AtomicInteger rests = new AtomicInteger();
    Linux linux = ((Linux.Here) Linux.detect()).linux();
    try (EventLoop loop = linux.eventLoop("test loop", (what, fault) -> fail(what, fault));
        NextWrites writes = linux.nextWrites(loop);
        LogBooks books = LogBooks.rotatedBy(real, "test")) {
      books.rely(
          (file, written) -> {
            boolean told = writes.await(file, written);
            int _ = rests.incrementAndGet();
            return told;
          });
      append(0, 10);
      LogBook book = books.attach(log, new LogConfig(MAX, 5));
      Await.until("it rests", PATIENCE, () -> rests.get() == 1);

      append(10, 20_000);
      long written = System.nanoTime();
      Await.until("it is rotated", PATIENCE, () -> book.length() < MAX);

      assertTrue(
          System.nanoTime() - written < Duration.ofSeconds(60).toNanos(),
          "by the notice, not by the look that comes every two minutes");
    }
  }

  @Test
  void aLogThatIsAttachedWhileThereWasNothingToLookAtIsLookedAtSoon() throws Exception {
    try (LogBooks books = LogBooks.rotatedBy(real, "attached")) {
      Thread looks =
          Thread.getAllStackTraces().keySet().stream()
              .filter(t -> t.getName().equals("duende-attached-logs"))
              .findFirst()
              .orElseThrow();
      Await.until("it rests", PATIENCE, () -> looks.getState() == Thread.State.TIMED_WAITING);
      long attached = System.nanoTime();
      LogBook book = books.attach(log, new LogConfig(MAX, 5));
      append(0, 20_000);
      Await.until("it is rotated", PATIENCE, () -> book.length() < MAX);

      assertTrue(
          System.nanoTime() - attached < Duration.ofSeconds(60).toNanos(),
          "not with the look that comes every two minutes");
    }
  }

  private List<String> read(FileRanges ranges, int keep) throws Exception {
    LogBook book = new LogBook(log, new LogConfig(MAX, keep), new KernelCutter(ranges));
    return drain(new LogReader(book, new LogQuery(-1, Optional.empty(), false)));
  }

  private static List<String> drain(LogStream stream) throws Exception {
    List<String> all = new ArrayList<>();
    Deadline end = Deadline.after(PATIENCE);
    for (Optional<LogLine> l = stream.next(end); l.isPresent(); l = stream.next(end)) {
      all.add(l.get().text());
    }
    return all;
  }

  /** Where this JVM dies, in a test. */
  enum Death {
    BEFORE_THE_CUT,
    AFTER_THE_CUT
  }

  private static final class Killed extends Error {
    private static final long serialVersionUID = 1L;
  }

  /** A kernel during whose work we die, or whose file system cannot collapse. */
  private static final class Kernel implements FileRanges {
    private final FileRanges real;
    private final boolean collapses;
    private Optional<Death> death = Optional.empty();

    Kernel(FileRanges real, boolean collapses) {
      this.real = real;
      this.collapses = collapses;
    }

    @Override
    public void collapse(Path file, long bytes) throws LinuxException {
      if (!collapses) {
        throw new LinuxException(Errno.EOPNOTSUPP, "fallocate", file.toString(), "not here");
      }
      act(() -> real.collapse(file, bytes));
    }

    @Override
    public void punch(Path file, long offset, long bytes) throws LinuxException {
      act(() -> real.punch(file, offset, bytes));
    }

    interface Work {
      void run() throws LinuxException;
    }

    private void act(Work work) throws LinuxException {
      if (death.filter(Death.BEFORE_THE_CUT::equals).isPresent()) {
        throw new Killed();
      }
      work.run();
      if (death.isPresent()) {
        throw new Killed();
      }
    }

    @Override
    public OptionalLong firstData(Path file, long offset) throws LinuxException {
      return real.firstData(file, offset);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void givenALogAboveItsSize_whenItIsCut_thenEveryLineIsInOnePlaceAndTheLogIsSmall(
      boolean collapses) throws Exception {
    Kernel kernel = new Kernel(real, collapses);
    KernelCutter cutter = new KernelCutter(kernel);
    append(0, 1);
    LogBook book = new LogBook(log, new LogConfig(MAX, 50), cutter);
    LogReader slow = new LogReader(book, new LogQuery(-1, Optional.empty(), false));
    List<String> followed = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      append(1 + i * 1000, 1 + (i + 1) * 1000);
      while (book.length() > MAX && cutter.cut(book)) {
        // A reader that lags behind reads on in the archive.
        slow.next(Deadline.after(PATIENCE)).ifPresent(l -> followed.add(l.text()));
      }
    }
    followed.addAll(drain(slow));
    assertSameLines(lines(0, 10_001), followed);
    assertSameLines(lines(0, 10_001), read(kernel, 50));
    assertTrue(book.length() <= MAX);
    assertEquals(collapses, log.toFile().length() <= MAX);
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> archives = files.filter(f -> !f.equals(log)).toList();
      assertTrue(archives.size() > 5, archives.toString());
      for (Path archive : archives) {
        assertTrue(Files.size(archive) <= MAX, archive + " " + Files.size(archive));
        String text = Files.readString(archive);
        assertTrue(text.startsWith("line ") && text.endsWith("\n"), "whole lines in " + archive);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Death.class)
  void givenADeathDuringACut_whenTheLogIsOpenedAgain_thenEveryLineIsThereOnce(Death death)
      throws Exception {
    for (boolean collapses : new boolean[] {true, false}) {
      Files.deleteIfExists(log);
      new Archives(log).tidy(0);
      Kernel kernel = new Kernel(real, collapses);
      append(0, 3000);
      KernelCutter cutter = new KernelCutter(kernel);
      LogBook book = new LogBook(log, new LogConfig(MAX, 50), cutter);
      assertTrue(cutter.cut(book));
      kernel.death = Optional.of(death);
      assertThrows(Killed.class, () -> cutter.cut(book));
      kernel.death = Optional.empty();
      append(3000, 3500);
      assertSameLines(lines(0, 3500), read(kernel, 50), "collapses: " + collapses);
      try (Stream<Path> files = Files.list(folder)) {
        assertTrue(files.noneMatch(f -> f.toString().contains(".cut-")));
      }
    }
  }

  @Test
  void givenADeathWhileTheArchiveIsWritten_whenTheLogIsOpenedAgain_thenNothingIsLeftOfIt()
      throws Exception {
    append(0, 1000);
    Path half = Files.writeString(folder.resolve("web.log.archiving"), "line 0 \nli");
    assertSameLines(lines(0, 1000), read(real, 50));
    assertTrue(Files.notExists(half));
  }

  @Test
  void givenARefusalOfTheKernel_whenTheLogIsCut_thenItIsAsItWas() throws Exception {
    append(0, 2000);
    Kernel kernel = new Kernel(real, true);
    KernelCutter cutter =
        new KernelCutter(
            new FileRanges() {
              private int calls;

              @Override
              public void collapse(Path file, long bytes) throws LinuxException {
                if (calls++ > 0) {
                  throw new LinuxException(Errno.EIO, "fallocate", file.toString(), "replace it");
                }
                real.collapse(file, bytes);
              }

              @Override
              public void punch(Path file, long offset, long bytes) throws LinuxException {
                real.punch(file, offset, bytes);
              }

              @Override
              public OptionalLong firstData(Path file, long offset) throws LinuxException {
                return real.firstData(file, offset);
              }
            });
    LogBook book = new LogBook(log, new LogConfig(MAX, 50), cutter);
    assertThrows(java.io.IOException.class, () -> cutter.cut(book));
    assertSameLines(lines(0, 2000), Files.readAllLines(log));
    assertSameLines(lines(0, 2000), read(kernel, 50));
  }

  @Test
  void givenFewArchives_whenALogGrewWhileNobodyLooked_thenOnlyTheNewestAreKept() throws Exception {
    append(0, 30_000);
    KernelCutter cutter = new KernelCutter(real);
    LogBook book = new LogBook(log, new LogConfig(MAX, 2), cutter);
    while (book.length() > MAX && cutter.cut(book)) {
      // as the watching thread does
    }
    List<String> left = read(real, 2);
    assertTrue(left.size() > 1000 && left.size() < 6000, "left " + left.size());
    assertSameLines(lines(30_000 - left.size(), 30_000), left);
    assertEquals(2, new Archives(log).list().size());
  }

  @Test
  void givenNoArchivesWanted_whenALogIsCut_thenTheNewestLinesAreKept() throws Exception {
    append(0, 5000);
    KernelCutter cutter = new KernelCutter(real);
    LogBook book = new LogBook(log, new LogConfig(MAX, 0), cutter);
    while (book.length() > MAX && cutter.cut(book)) {
      // as the watching thread does
    }
    List<String> left = read(real, 0);
    assertSameLines(lines(5000 - left.size(), 5000), left);
    assertEquals(List.of(), new Archives(log).list());
  }

  @Test
  void givenALogWithoutAnyEndOfLine_whenItIsCut_thenNoByteIsLost() throws Exception {
    byte[] bytes = new byte[300_000];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) ('a' + i % 26);
    }
    Files.write(log, bytes);
    KernelCutter cutter = new KernelCutter(real);
    LogBook book = new LogBook(log, new LogConfig(MAX, 50), cutter);
    while (book.length() > MAX && cutter.cut(book)) {
      // as the watching thread does
    }
    assertEquals(new String(bytes, StandardCharsets.US_ASCII), String.join("", read(real, 50)));
  }

  @Test
  void givenManyLines_whenTheLastAreAsked_thenThoseComeAcrossArchives() throws Exception {
    append(0, 4000);
    KernelCutter cutter = new KernelCutter(real);
    LogBook book = new LogBook(log, new LogConfig(MAX, 50), cutter);
    while (book.length() > MAX && cutter.cut(book)) {
      // as the watching thread does
    }
    for (int n : new int[] {0, 1, 2, 10, 1000, 3999, 4000, 9999}) {
      int expected = Math.min(n, 4000);
      assertSameLines(
          lines(4000 - expected, 4000),
          drain(new LogReader(book, new LogQuery(n, Optional.empty(), false))),
          "last " + n);
    }
  }

  @Test
  void givenAFollower_whenLinesComeAndItIsClosed_thenItGetsThemAndEnds() throws Exception {
    LogBooks books = LogBooks.rotatedBy(real, "test");
    try {
      books.attach(log, new LogConfig(MAX, 50));
      append(0, 10);
      LogStream follower =
          books.read(log, new LogConfig(MAX, 50), new LogQuery(2, Optional.empty(), true));
      Deadline end = Deadline.after(PATIENCE);
      assertEquals(line(8), follower.next(end).orElseThrow().text());
      assertEquals(line(9), follower.next(end).orElseThrow().text());
      assertTrue(follower.next(Deadline.after(Duration.ofMillis(20))).isEmpty());
      append(10, 5000);
      for (int i = 10; i < 5000; i++) {
        assertEquals(line(i), follower.next(end).orElseThrow().text());
      }
      Thread closer =
          new Thread(
              () -> {
                try {
                  Thread.sleep(50);
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
                follower.close();
              });
      closer.start();
      assertTrue(follower.next(Deadline.after(PATIENCE)).isEmpty());
      assertTrue(follower.isDone());
      closer.join();
    } finally {
      books.close();
    }
  }

  /** The claim, attacked: a program floods its log while the one who rotates is killed again and again. */
  @ParameterizedTest
  @ValueSource(ints = 6)
  void givenAFloodingProgram_whenTheRotatorIsKilledAgainAndAgain_thenNoLineIsLostOrTorn(int kills)
      throws Exception {
    Random random = new Random(42);
    int total = 40_000 * kills;
    Process writer =
        new ProcessBuilder(
                "/usr/bin/python3",
                "-c",
                """
                import os, sys, time
                for i in range(int(sys.argv[1])):
                    os.write(1, b"line %d %s\\n" % (i, b"x" * (i * 7 % 100)))
                    if i % 50 == 0: time.sleep(0.001)
                """,
                Integer.toString(total))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Process rotator = rotator();
    try {
      for (int i = 0; i < kills && writer.isAlive(); i++) {
        Thread.sleep(100 + random.nextInt(400));
        rotator.destroyForcibly().waitFor();
        rotator = rotator();
      }
      assertTrue(writer.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS));
      assertEquals(0, writer.exitValue());
      Deadline end = Deadline.after(PATIENCE);
      while (log.toFile().length() > MAX + 4096) {
        if (end.hasPassed()) {
          fail("the log stays at " + log.toFile().length() + " bytes");
        }
        Thread.sleep(20);
      }
    } finally {
      writer.destroyForcibly().waitFor();
      rotator.destroyForcibly().waitFor();
    }
    assertSameLines(lines(0, total), read(real, 1000));
    assertTrue(new Archives(log).list().size() > 10 * kills);
  }

  private Process rotator() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                RotatorMain.class.getName(),
                log.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    if (process.inputReader().readLine() == null) {
      fail("the rotator did not start");
    }
    return process;
  }
}
