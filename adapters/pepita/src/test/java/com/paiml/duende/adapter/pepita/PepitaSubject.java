package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.image.Cpio;
import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.adapter.pepita.monitor.QemuMonitor;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Census;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.ShellJobs;
import com.paiml.duende.testkit.conformance.Subject;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * This adapter as the conformance kit sees it: programs in real machines of QEMU, emulated. What is alive is counted by a
 * census of the kit's own in each machine, on a port of its own, that the tests' QEMU adds.
 */
final class PepitaSubject implements Subject {
  private static final Path WORK = Path.of("target", "census").toAbsolutePath();

  /** In the guest. */
  private static final String NOTIFIES = "/bin/notifies";

  private final Images images;
  private final Path qemu;
  private final Path scratch;

  PepitaSubject() throws Exception {
    Image real = Built.image();
    scratch = Files.createDirectories(WORK.resolve("scratch"));
    images = new Images(Files.createDirectories(WORK.resolve("images")));
    prepareImage(real);
    qemu = wrapper();
  }

  /** The real image, with the census, which QEMU's kernel is told to start first: it then becomes the real init. */
  private void prepareImage(Image real) throws Exception {
    Path folder = Files.createDirectories(images.folder().resolve(Images.DEFAULT));
    Path census = compile("census", folder);
    Path notifies = compile("notifies", folder);
    Path fresh = folder.resolve("initrd.new");
    try (OutputStream out = Files.newOutputStream(fresh)) {
      Files.copy(real.initrd(), out);
      try (Cpio cpio = new Cpio(out)) {
        cpio.file("census", 0755, Files.readAllBytes(census));
        cpio.file(NOTIFIES.substring(1), 0755, Files.readAllBytes(notifies));
      }
    }
    Files.move(
        fresh, folder.resolve("initrd.cpio"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    Files.deleteIfExists(folder.resolve("vmlinux"));
    Files.createSymbolicLink(folder.resolve("vmlinux"), real.kernel());
    Files.copy(
        real.folder().resolve("image.properties"),
        folder.resolve("image.properties"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  private static Path compile(String name, Path into) throws Exception {
    Path binary = into.resolve(name);
    Process cc =
        new ProcessBuilder(
                "cc",
                "-O2",
                "-static",
                "-o",
                binary.toString(),
                Path.of("src/test/c", name + ".c").toAbsolutePath().toString())
            .inheritIO()
            .start();
    if (!cc.waitFor(120, TimeUnit.SECONDS) || cc.exitValue() != 0) {
      throw new IllegalStateException(name + ".c does not compile");
    }
    return binary;
  }

  private static Path wrapper() throws IOException {
    Path sockets = Files.createDirectories(WORK.resolve("s"));
    Path file = WORK.resolve("qemu");
    Files.writeString(
        file,
        """
        #!/bin/sh
        before=
        for word do
          shift
          if [ "$before" = -append ]; then word="$word rdinit=/census"; fi
          before=$word
          set -- "$@" "$word"
        done
        exec /usr/bin/qemu-system-x86_64 "$@" \\
          -chardev socket,id=census,server=on,wait=off,path=%s/$$ \\
          -device virtserialport,chardev=census,name=duende.census
        """
            .formatted(sockets));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  @Override
  public String platform() {
    return PepitaAdapter.NAME;
  }

  @Override
  public Payload.Kind kind() {
    return Payload.Kind.PROGRAM;
  }

  @Override
  public PlatformAdapter open(Instance instance) {
    return new PepitaAdapter(
        images, new Monitors(List.of(new QemuMonitor(Optional.of(qemu)))), WORK.resolve("cid"));
  }

  @Override
  public void close(PlatformAdapter adapter) {
    ((PepitaAdapter) adapter).deactivate();
  }

  @Override
  public Optional<Job> job(Behaviour behaviour) throws Exception {
    if (behaviour instanceof Behaviour.Notifies) {
      return Optional.of(new Job(new Payload.Program(NOTIFIES), List.of()));
    }
    return new ShellJobs(
            command ->
                new Job(
                    new Payload.Program(command.getFirst()), command.subList(1, command.size())),
            Optional.empty(),
            scratch)
        .job(behaviour);
  }

  @Override
  public Set<String> platformVariables() {
    return Set.of("PEPITA_VM");
  }

  @Override
  public List<String> environment() {
    return List.of("PATH=/bin");
  }

  @Override
  public String workingDirectory(Path unused) {
    return "/tmp";
  }

  @Override
  public Duration patience() {
    return Duration.ofMinutes(5);
  }

  @Override
  public List<String> leftovers(LaunchSpec spec) throws Exception {
    List<String> left = new ArrayList<>();
    try (Stream<Path> files = Files.list(spec.runDirectory())) {
      files.map(Path::toString).forEach(left::add);
    }
    for (long pid : Machine.running(spec.instance().id() + "-" + spec.name())) {
      left.add("QEMU " + pid);
    }
    return left;
  }

  @Override
  public Census census() {
    return new GuestCensus();
  }

  @Override
  public Map<String, Object> table() {
    return Map.of();
  }

  /** The machines of this host, by the names in their monitors' command lines. */
  static final class Machine {
    private Machine() {}

    static List<Long> running(String name) throws IOException {
      List<Long> found = new ArrayList<>();
      try (Stream<Path> all = Files.list(Path.of("/proc"))) {
        for (Path process :
            all.filter(p -> p.getFileName().toString().matches("[0-9]+")).toList()) {
          String line;
          try {
            line = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
          } catch (IOException e) {
            continue;
          }
          if (line.contains("-name\0duende-vm-" + name + "\0")) {
            found.add(Long.parseLong(process.getFileName().toString()));
          }
        }
      }
      return found;
    }
  }

  private final class GuestCensus implements Census {
    @Override
    public int alive(String marker) throws Exception {
      int alive = 0;
      for (long pid : Machine.running(marker.replace('/', '-'))) {
        alive += ask(pid, marker);
      }
      return alive;
    }

    private int ask(long pid, String marker) throws Exception {
      Path socket = WORK.resolve("s").resolve(Long.toString(pid));
      long until = System.nanoTime() + patience().toNanos();
      while (System.nanoTime() < until && ProcessHandle.of(pid).isPresent()) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
          channel.connect(UnixDomainSocketAddress.of(socket));
          channel.configureBlocking(false);
          channel.write(
              ByteBuffer.wrap(
                  (Census.VARIABLE + "=" + marker + "\n").getBytes(StandardCharsets.UTF_8)));
          Optional<Integer> answer = read(channel);
          if (answer.isPresent()) {
            return answer.get();
          }
        } catch (IOException e) {
          // Not there yet, or gone.
          Thread.sleep(20);
        }
      }
      return 0;
    }

    private static Optional<Integer> read(SocketChannel channel) throws Exception {
      ByteBuffer room = ByteBuffer.allocate(64);
      long until = System.nanoTime() + Duration.ofSeconds(5).toNanos();
      while (System.nanoTime() < until) {
        int n = channel.read(room);
        if (n < 0) {
          return Optional.empty();
        }
        String text = new String(room.array(), 0, room.position(), StandardCharsets.UTF_8);
        if (text.endsWith("\n")) {
          return Optional.of(Integer.parseInt(text.strip()));
        }
        Thread.sleep(2);
      }
      return Optional.empty();
    }

    @Override
    public void end(String marker) throws Exception {
      for (long pid : Machine.running(marker.replace('/', '-'))) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }
}
