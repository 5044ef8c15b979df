package com.paiml.duende.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The loop of a queue, on this machine's own kernel, on entries that do nothing, in Java and in C in turns.
 *
 * <p>Both live as long as each other, on the same processor, have the same file of a memory file system for their memory, and
 * take short slices in turn, each after a shorter one that has its code in the caches again: the processor's speed drifts by a
 * half within seconds, and with memory of their own the pages that a process happens to get make a tenth. How a virtual machine
 * has compiled the loop, and where it lies, differs from process to process, so a figure is the median of several; and it
 * compiles for the load that it has seen, of which a server has one kind, so each shape has its own.
 */
final class UblkScenario implements Scenario {
  private static final int PAIRS = 21;
  private static final int WARM_MILLIS = 250;
  private static final int WARM_SLICES = 6;
  private static final int SLICE_MILLIS = 24;

  /** As {@code ublk:add} starts the server of a disk. */
  private static final List<String> FLAGS =
      List.of(
          "-Xmx64m",
          "-XX:+UseSerialGC",
          "-Xshare:auto",
          "-XX:-UsePerfData",
          "-XX:+UseSystemMemoryBarrier",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow");

  /** Entries for each system call, and bytes copied for each entry. */
  private enum Shape {
    ONE(1, 0),
    ONE_COPY(1, 4096),
    FOUR_COPY(4, 4096),
    MANY_COPY(32, 4096);

    private final int batch;
    private final int copy;

    Shape(int batch, int copy) {
      this.batch = batch;
      this.copy = copy;
    }

    String title() {
      return "batch " + batch + (copy == 0 ? ", no copy" : ", 4 KiB copies");
    }
  }

  /** One of the two loops, which waits for what it is to do next. */
  private record Loop(Process process, Writer ask, BufferedReader answers)
      implements AutoCloseable {
    static Loop start(List<String> command) throws IOException {
      List<String> pinned = new ArrayList<>(List.of("taskset", "-c", "0"));
      pinned.addAll(command);
      Process process =
          new ProcessBuilder(pinned).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      return new Loop(process, process.outputWriter(), process.inputReader());
    }

    /** Nanoseconds for each entry. */
    double run(Shape shape, int millis) throws IOException {
      ask.write(shape.batch + " " + shape.copy + " " + millis + "\n");
      ask.flush();
      String answer = answers.readLine();
      if (answer == null) {
        throw new IOException("the loop ended: " + process);
      }
      return Double.parseDouble(answer);
    }

    double slice(Shape shape) throws IOException {
      double _ = run(shape, SLICE_MILLIS / 4);
      return run(shape, SLICE_MILLIS);
    }

    @Override
    public void close() {
      Process _ = process.destroyForcibly();
    }
  }

  /** Medians of one process of each, and of the ratios of its pairs. */
  private record Medians(double c, double java, double ratio) {}

  @Override
  public String name() {
    return "ublk";
  }

  @Override
  public String description() {
    return "a block device's queue on entries that do nothing: time for each, beside the loop in C";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    Optional<Path> rival = setting.compile("ringloop");
    if (rival.isEmpty() || Programs.find("taskset").isEmpty()) {
      return List.of(
          Figure.none(name(), "queue's loop", "C", "no C compiler, or no taskset (util-linux)"));
    }
    int processes = setting.rounds(11);
    Path shared = Path.of("/dev/shm");
    Path memory =
        Files.createTempFile(
            Files.isWritable(shared) ? shared : setting.folder(), "duende-bench-", "");
    Map<Shape, List<Medians>> measured = new LinkedHashMap<>();
    try {
      try (RandomAccessFile file = new RandomAccessFile(memory.toFile(), "rw")) {
        file.setLength(RingLoop.FILE);
      }
      List<String> c = List.of(rival.get().toString(), memory.toString());
      if (refused(Loop.start(c))) {
        return List.of(
            Figure.none(name(), "queue's loop", Figure.DUENDE, "io_uring cannot be used here"));
      }
      for (int i = 0; i < processes; i++) {
        setting.tell("  process " + (i + 1) + " of " + processes);
        for (Shape shape : Shape.values()) {
          try (Loop theirs = Loop.start(c);
              Loop ours = Loop.start(java(setting.home(), memory))) {
            measured.computeIfAbsent(shape, _ -> new ArrayList<>()).add(pairs(shape, theirs, ours));
          }
        }
      }
    } finally {
      boolean _ = Files.deleteIfExists(memory);
    }
    List<Figure> figures = new ArrayList<>();
    measured.forEach((shape, each) -> add(figures, shape, each));
    return figures;
  }

  private static boolean refused(Loop loop) {
    try (loop) {
      double _ = loop.run(Shape.ONE, 1);
      return false;
    } catch (IOException ended) {
      return true;
    }
  }

  private static Medians pairs(Shape shape, Loop c, Loop java) throws IOException {
    for (int i = 0; i < WARM_SLICES; i++) {
      double _ = java.run(shape, WARM_MILLIS); // compiles
    }
    double[] theirs = new double[PAIRS];
    double[] ours = new double[PAIRS];
    double[] ratios = new double[PAIRS];
    double before = c.slice(shape);
    for (int i = 0; i < PAIRS; i++) {
      ours[i] = java.slice(shape);
      theirs[i] = c.slice(shape);
      ratios[i] = 2 * ours[i] / (before + theirs[i]);
      before = theirs[i];
    }
    return new Medians(median(theirs), median(ours), median(ratios));
  }

  private void add(List<Figure> figures, Shape shape, List<Medians> each) {
    double[] ratios = each.stream().mapToDouble(Medians::ratio).sorted().toArray();
    double c = median(each.stream().mapToDouble(Medians::c).toArray());
    double java = median(each.stream().mapToDouble(Medians::java).toArray());
    String processes = "median of " + each.size() + " processes";
    figures.add(Figure.of(name(), shape.title(), Figure.DUENDE, java, "ns", processes));
    figures.add(Figure.of(name(), shape.title(), "C", c, "ns", processes));
    figures.add(
        Figure.of(
            name(),
            shape.title() + ": of C's time",
            Figure.DUENDE,
            ratios[ratios.length / 2],
            "",
            String.format(
                Locale.ROOT,
                "%s, %.2f to %.2f, each the median of %d pairs",
                processes,
                ratios[0],
                ratios[ratios.length - 1],
                PAIRS)));
  }

  private static double median(double... figures) {
    double[] sorted = figures.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static List<String> java(Path home, Path memory) throws IOException {
    Path bundles = home.resolve("bundles");
    StringBuilder path = new StringBuilder(System.getProperty("java.class.path").split(":")[0]);
    try (var jars = Files.newDirectoryStream(bundles, "*.jar")) {
      for (Path jar : jars) {
        path.append(':').append(jar);
      }
    }
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(FLAGS);
    command.addAll(List.of("-cp", path.toString(), RingLoop.class.getName(), memory.toString()));
    return command;
  }
}
