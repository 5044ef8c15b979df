package com.paiml.duende.lab.guest;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A running guest. Its root file system can be written to and is forgotten at the end; {@code /tmp} and {@code /run} are in its
 * memory, {@code /app} has what the {@link GuestSetup} put in. Programs run as root, with {@code /app/bin}, {@code /jre/bin} and
 * busybox on the path. When the test's process dies, the guest ends by itself. Safe for several threads.
 */
public final class Guest implements AutoCloseable {
  /** Commands that can run at the same time. */
  public static final int LINES = 6;

  private static final Duration QUICK = Duration.ofMinutes(1);

  private final Path folder;
  private final Process qemu;
  private final Thread atExit;
  private final List<Line> lines = new ArrayList<>();
  private final BlockingQueue<Line> free = new ArrayBlockingQueue<>(LINES + 1);
  private final Job.Guestly forJobs =
      new Job.Guestly() {
        @Override
        public void kill(int pid, String signal) throws IOException, InterruptedException {
          Command.Result _ = run(QUICK, "kill", "-" + signal, "--", "-" + pid);
        }

        @Override
        public String console() {
          return Guest.this.console();
        }
      };

  private Guest(Path folder, Process qemu) {
    this.folder = folder;
    this.qemu = qemu;
    this.atExit =
        Thread.ofPlatform()
            .unstarted(
                () -> {
                  Process _ = qemu.destroyForcibly();
                  try {
                    Cache.delete(folder);
                  } catch (IOException stays) {
                    System.err.println(folder + " stays behind: " + stays.getMessage());
                  }
                });
  }

  /** A guest to be. */
  public static GuestSetup prepare() {
    return new GuestSetup();
  }

  static Guest boot(GuestSetup setup) throws Missing, IOException, InterruptedException {
    if (!System.getProperty("os.name").equals("Linux")
        || !System.getProperty("os.arch").equals("amd64")) {
      throw new Missing(
          "a guest is booted on Linux on x86-64 only, this is "
              + System.getProperty("os.name")
              + " on "
              + System.getProperty("os.arch"));
    }
    Path emulator = Command.need("qemu-system-x86_64", "qemu-system-x86");
    Cache cache = Cache.ofThisUser();
    Kernel kernel = Kernel.get(cache, setup.newerKernel);
    Path root = JavaImage.get(cache);
    Path folder =
        Files.createTempDirectory(
            "duende-guest-",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Guest guest = null;
    try {
      Path initrd = Files.write(folder.resolve("initrd"), archive(kernel));
      Path app = app(setup, kernel, folder);
      List<String> words = emulation(setup, emulator, kernel, initrd, root, app, folder);
      ProcessBuilder start =
          new ProcessBuilder(words)
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(folder.resolve("qemu.log").toFile());
      start.environment().put("TMPDIR", folder.toString()); // of the view that forgets
      guest = new Guest(folder, start.start());
      Runtime.getRuntime().addShutdownHook(guest.atExit);
      guest.connect(setup.bootTime);
      return guest;
    } catch (IOException | InterruptedException | RuntimeException failed) {
      if (guest == null) {
        Cache.delete(folder);
      } else {
        guest.close();
      }
      throw failed;
    }
  }

  private static List<String> emulation(
      GuestSetup setup,
      Path emulator,
      Kernel kernel,
      Path initrd,
      Path root,
      Path app,
      Path folder) {
    List<String> words =
        new ArrayList<>(
            List.of(
                emulator.toString(),
                "-M",
                "q35",
                "-nodefaults",
                "-no-user-config",
                "-accel",
                "tcg,thread=multi,tb-size=256",
                "-cpu",
                setup.processor,
                "-smp",
                String.valueOf(setup.processors),
                "-m",
                setup.memory + "M",
                "-display",
                "none",
                "-no-reboot",
                "-serial",
                "file:" + folder.resolve("console"),
                "-kernel",
                kernel.image().toString(),
                "-initrd",
                initrd.toString(),
                "-append",
                "console=ttyS0 quiet reboot=t panic=-1 mitigations=off tsc=reliable"
                    // On a busy host the emulated timer is late for this check, and the kernel
                    // gives up.
                    + " no_timer_check"));
    drive(words, "root", "file=" + root + ",snapshot=on");
    drive(words, "app", "file=" + app + ",readonly=on");
    for (int i = 0; i < setup.disks.size(); i++) {
      drive(words, "disk" + i, "file=" + setup.disks.get(i).file() + ",cache=writeback");
    }
    words.addAll(List.of("-device", "virtio-serial-pci,max_ports=" + (LINES + 2)));
    for (int i = 0; i <= LINES; i++) {
      words.addAll(
          List.of(
              "-chardev",
              "socket,id=line" + i + ",path=" + socket(folder, i) + ",server=on,wait=on",
              "-device",
              "virtserialport,chardev=line" + i + ",name=duende." + i));
    }
    return words;
  }

  private static void drive(List<String> words, String id, String what) {
    words.addAll(
        List.of(
            "-drive",
            what + ",format=raw,if=none,id=" + id,
            "-device",
            "virtio-blk-pci,drive=" + id));
  }

  private static Path socket(Path folder, int number) {
    return folder.resolve("line" + number);
  }

  private static byte[] archive(Kernel kernel) throws IOException, InterruptedException, Missing {
    Cpio archive = new Cpio();
    for (String name : List.of("bin", "dev", "modules", "root")) {
      archive.folder(name);
    }
    archive.program("bin/busybox", Files.readAllBytes(Command.need("busybox", "busybox-static")));
    archive.program("init", script("first.sh"));
    int number = 10;
    for (Map.Entry<String, byte[]> module : kernel.modules(List.of("virtio_blk")).entrySet()) {
      archive.program("modules/" + number++ + "-" + module.getKey() + ".ko", module.getValue());
    }
    return archive.end();
  }

  private static Path app(GuestSetup setup, Kernel kernel, Path folder)
      throws IOException, InterruptedException, Missing {
    Path app = folder.resolve("app");
    Path own = Files.createDirectories(app.resolve("guest/modules"));
    Files.write(app.resolve("guest/agent"), script("agent.sh"));
    Path init = Files.write(app.resolve("guest/init"), script("init.sh"));
    if (!init.toFile().setExecutable(true)) {
      throw new IOException(init + " cannot be made executable");
    }
    StringBuilder order = new StringBuilder();
    for (Map.Entry<String, byte[]> module : kernel.modules(setup.modules.keySet()).entrySet()) {
      if (kernel.modules(List.of("virtio_blk")).containsKey(module.getKey())) {
        continue;
      }
      Files.write(own.resolve(module.getKey() + ".ko"), module.getValue());
      order
          .append(module.getKey())
          .append(' ')
          .append(setup.modules.getOrDefault(module.getKey(), ""))
          .append('\n');
    }
    Files.writeString(own.resolve("order"), order);
    StringBuilder classPath = new StringBuilder();
    for (Path entry : setup.classPath) {
      String name = "classpath/" + classPath.length() + "-" + entry.getFileName();
      copy(entry, app.resolve(name));
      classPath.append(classPath.isEmpty() ? "" : ":").append("/app/").append(name);
    }
    Files.writeString(app.resolve("guest/java.args"), "-cp \"" + classPath + "\"\n");
    for (Map.Entry<String, Path> file : setup.files.entrySet()) {
      copy(file.getValue(), app.resolve(file.getKey()));
    }
    for (Map.Entry<String, Path> program : setup.programs.entrySet()) {
      copy(program.getValue(), app.resolve("bin").resolve(program.getKey()));
    }
    for (Path library : setup.libraries) {
      copy(library.toRealPath(), app.resolve("lib").resolve(library.getFileName()));
    }
    long bytes = 0;
    try (Stream<Path> files = Files.walk(app)) {
      for (Path file : files.toList()) {
        bytes += Files.size(file) + 4096;
      }
    }
    Path image = folder.resolve("app.ext4");
    JavaImage.make(app, image, (int) (bytes >> 20) * 5 / 4 + 16);
    Cache.delete(app);
    return image;
  }

  private static void copy(Path from, Path to) throws IOException {
    if (to.getParent() != null) {
      Files.createDirectories(to.getParent());
    }
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }

  private static byte[] script(String name) throws IOException {
    try (InputStream in = Guest.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + " is not in the lab's jar");
      }
      return in.readAllBytes();
    }
  }

  private void connect(Duration most) throws IOException, InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    for (int i = 0; i <= LINES; i++) {
      lines.add(line(i, end));
    }
    free.addAll(lines);
    Command.Result answered = run(Duration.ofNanos(Math.max(1, end - System.nanoTime())), "true");
    if (!answered.ok()) {
      throw new IOException("the guest answered " + answered + "\n" + console());
    }
  }

  private Line line(int number, long end) throws IOException, InterruptedException {
    while (true) {
      IOException notYet = null; // the file is there a little sooner than who listens
      if (Files.exists(socket(folder, number))) {
        try {
          return Line.open(socket(folder, number), number, free::add);
        } catch (ConnectException refused) {
          notYet = refused;
        }
      }
      if (!qemu.isAlive() || System.nanoTime() > end) {
        throw new IOException("QEMU did not start: " + text("qemu.log"), notYet);
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  /**
   * Starts a program.
   *
   * @param words it and its arguments, taken as they are; no shell looks at them
   */
  public Job start(List<String> words) throws IOException, InterruptedException {
    return start(words, line -> {});
  }

  /**
   * Starts a program.
   *
   * @param listener hears every line that it prints, on a thread of the guest's
   * @throws IOException when {@link #LINES} others are still running, or the guest is lost
   */
  public Job start(List<String> words, Consumer<String> listener)
      throws IOException, InterruptedException {
    Line line = free.poll(30, TimeUnit.SECONDS);
    if (line == null) {
      throw new IOException("the guest has no free line: " + LINES + " programs run in it");
    }
    Job job = new Job(words, forJobs, listener);
    line.begin(words, job);
    job.awaitBegin(Duration.ofMinutes(5));
    return job;
  }

  /** As {@link #start(List)}. */
  public Job start(String... words) throws IOException, InterruptedException {
    return start(List.of(words));
  }

  /** Runs a program to its end, see {@link Job#await}. */
  public Command.Result run(Duration most, String... words)
      throws IOException, InterruptedException {
    return run(most, List.of(words));
  }

  /** Runs a program to its end, see {@link Job#await}. */
  public Command.Result run(Duration most, List<String> words)
      throws IOException, InterruptedException {
    return start(words).await(most);
  }

  /** As {@link #run(Duration, String...)}, where it has to end with 0. */
  public String must(Duration most, String... words) throws IOException, InterruptedException {
    Command.Result result = run(most, words);
    if (!result.ok()) {
      throw new IOException(
          String.join(" ", words) + " ended with " + result.status() + ": " + result.output());
    }
    return result.output();
  }

  /**
   * The words that run a class of the setup's class path: small heap, the serial collector, the quick compiler, native access.
   *
   * @param options further ones of the virtual machine, after these
   */
  public List<String> java(List<String> options, String mainClass, String... arguments) {
    List<String> words =
        new ArrayList<>(
            List.of(
                "/jre/bin/java",
                "-Xmx96m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "@/app/guest/java.args"));
    words.addAll(options);
    words.add(mainClass);
    words.addAll(List.of(arguments));
    return words;
  }

  /** What the kernel and process 1 have printed so far. */
  public String console() {
    return text("console") + text("qemu.log");
  }

  private String text(String name) {
    try {
      Path file = folder.resolve(name);
      return Files.exists(file)
          ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8).replace("\r", "")
          : "";
    } catch (IOException unreadable) {
      return name + " cannot be read: " + unreadable.getMessage();
    }
  }

  /** Whether it runs; it ends by itself when its kernel panics. */
  public boolean isRunning() {
    return qemu.isAlive();
  }

  /** Takes its power away, at once: nothing of it is written any more. Its disks can be put into another. */
  public void cutPower() throws InterruptedException {
    Process _ = qemu.destroyForcibly();
    if (!qemu.waitFor(60, TimeUnit.SECONDS)) {
      throw new IllegalStateException("QEMU, process " + qemu.pid() + ", does not die of SIGKILL");
    }
  }

  /** Ends it as {@link #cutPower()} does, and removes all that it had on the host but its disks. */
  @Override
  public void close() throws IOException, InterruptedException {
    try {
      cutPower();
    } finally {
      for (Line line : lines) {
        line.close();
      }
      try {
        boolean _ = Runtime.getRuntime().removeShutdownHook(atExit);
      } catch (IllegalStateException ending) {
        // The hook runs already, and has nothing left to do.
        lines.clear();
      }
      Cache.delete(folder);
    }
  }
}
