package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What is executed in the guest, and what must be there for it.
 *
 * @param spec the run, as it is executed
 * @param table its table
 * @param words the command, with the zeroth word
 * @param rootfs an image of a root file system, where it is not the built one
 * @param folders to be made in the guest
 */
record Command(
    LaunchSpec spec,
    PepitaTable table,
    List<String> words,
    Optional<Path> rootfs,
    List<String> folders) {
  private static final String JAVA = "/jre/bin/java";

  Command {
    words = List.copyOf(words);
    folders = List.copyOf(folders);
  }

  static Command of(LaunchSpec spec, Images images, Supplier<Optional<HostRuntime>> host)
      throws DaemonException {
    PepitaTable table = PepitaTable.of(spec.name(), spec.table());
    return switch (spec.payload()) {
      case Payload.Program p -> program(spec, table, p.path(), Optional.empty());
      case Payload.Vm vm ->
          program(
              spec,
              table,
              vm.program().isEmpty() ? "/sbin/init" : vm.program(),
              vm.rootfs().isEmpty() ? Optional.empty() : Optional.of(rootfs(spec, vm.rootfs())));
      case Payload.JavaClass _ -> javaClass(spec, table, images, host);
      default ->
          throw new DaemonException(
              ErrorCode.NOT_SUPPORTED,
              spec.name(),
              "platform \"pepita\" does not run " + spec.payload().kind(),
              "say binary_path, rootfs or class");
    };
  }

  private static Command program(
      LaunchSpec spec, PepitaTable table, String path, Optional<Path> rootfs)
      throws DaemonException {
    if (!path.startsWith("/")) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          spec.name(),
          "\"" + path + "\" is not an absolute path in the guest",
          "say where the program is in the guest's root file system");
    }
    List<String> words = new ArrayList<>(List.of(path));
    words.addAll(spec.args());
    return new Command(spec, table, words, rootfs, List.of());
  }

  private static Path rootfs(LaunchSpec spec, String file) throws DaemonException {
    Path image = Path.of(file);
    if (!Files.isRegularFile(image) || !Files.isReadable(image)) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          spec.name() + ": rootfs",
          image + " is no image that can be read",
          "make one with mke2fs -d, or leave rootfs out for the built one");
    }
    return image.toAbsolutePath();
  }

  /** A JVM in the guest, with the jars under the paths that they have here. */
  private static Command javaClass(
      LaunchSpec spec, PepitaTable table, Images images, Supplier<Optional<HostRuntime>> host)
      throws DaemonException {
    Image image = images.get(table.image());
    if (!Files.isRegularFile(image.java())) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          spec.name(),
          "the image \"" + image.name() + "\" has no Java runtime for a daemon class",
          "run \"pepita image build --java\"");
    }
    HostRuntime runtime =
        host.get()
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.NOT_FOUND,
                        spec.name(),
                        "the bundle com.paiml.duende.host is not here, which runs daemon classes",
                        "start it"));
    LaunchSpec program = runtime.toProgram(spec);
    List<String> words = new ArrayList<>(List.of(JAVA));
    words.addAll(program.args());
    List<PepitaTable.Sent> files = new ArrayList<>(table.files());
    int at = program.args().indexOf("-cp");
    if (at >= 0) {
      for (String jar : program.args().get(at + 1).split(File.pathSeparator, -1)) {
        files.add(new PepitaTable.Sent(Path.of(jar), jar));
      }
    }
    PepitaTable whole =
        new PepitaTable(
            table.vcpus(),
            table.memory(),
            table.kernel(),
            table.image(),
            table.monitor(),
            table.channel(),
            table.machine(),
            table.network(),
            table.ports(),
            files,
            false,
            table.shell());
    return new Command(
        spec.with(spec.payload(), program.args(), program.env()),
        whole,
        words,
        Optional.of(image.java()),
        List.of(spec.stateDirectory().toString(), String.valueOf(spec.hostSocket().getParent())));
  }

  /** The table as it was written, for a daemon that is not started. */
  static PepitaTable table(String daemon, Map<String, Object> written) throws DaemonException {
    return PepitaTable.of(daemon, written);
  }
}
