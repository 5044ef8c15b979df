package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Instance;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The folders below {@code data/} that daemons use, each a daemon's own with mode 0700. */
final class Folders {
  /** sun_path of unix(7) has 108 bytes, 104 on macOS, with a zero at the end; socket names here have up to 12. */
  private static final int SOCKET_FOLDER_MAX = 104 - 1 - 1 - 12;

  private static final Set<PosixFilePermission> OWN = PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> PASS = PosixFilePermissions.fromString("rwx--x--x");

  // Modes of which this process's umask, which nobody changes, has been seen to take nothing away.
  private final Set<Set<PosixFilePermission>> whole = ConcurrentHashMap.newKeySet();
  private final Path data;
  private final Instance instance;
  private final Path shortRun;
  private final boolean isPosix;

  Folders(Path data, Path home) throws IOException {
    this.data = data;
    this.isPosix = data.getFileSystem().supportedFileAttributeViews().contains("posix");
    make(data, OWN);
    this.instance = new Instance(instanceId(data.resolve("instance")), isDefault(data, home));
    String xdg = System.getenv("XDG_RUNTIME_DIR");
    this.shortRun =
        xdg != null && !xdg.isEmpty() && Files.isDirectory(Path.of(xdg))
            ? Path.of(xdg, "duende-" + instance.id())
            : Path.of("/tmp", "duende-" + instance.id());
  }

  Instance instance() {
    return instance;
  }

  Path journal() throws IOException {
    Path journal = data.resolve("journal");
    make(journal, OWN);
    return journal;
  }

  Path state(String daemon) {
    return data.resolve("state").resolve(daemon);
  }

  Path log(String daemon) {
    return data.resolve("log").resolve(daemon + ".log");
  }

  /** Under {@code data/} where a socket in it has an address short enough; elsewhere otherwise. */
  Path run(String daemon) {
    Path run = data.resolve("run").resolve(daemon);
    return run.toString().getBytes(StandardCharsets.UTF_8).length <= SOCKET_FOLDER_MAX
        ? run
        : shortRun.resolve(daemon);
  }

  /**
   * Makes the folders of a daemon, where they are missing.
   *
   * @param owner its user; null: the container's own
   * @param talks whether it is something of its own, which others reach by files in its run folder
   */
  void prepare(String daemon, @Nullable UserPrincipal owner, boolean talks) throws DaemonException {
    try {
      make(data.resolve("log"), OWN);
      own(data.resolve("state"), state(daemon), owner);
      if (talks) {
        Path run = run(daemon);
        if (run.startsWith(shortRun)) {
          makeShared();
        }
        own(run.startsWith(shortRun) ? shortRun : data.resolve("run"), run, owner);
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          daemon,
          "its folders cannot be made: " + e,
          "make " + data + " writable, with space left",
          e);
    }
  }

  private void own(Path above, Path folder, @Nullable UserPrincipal owner) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      try {
        create(folder, OWN);
      } catch (NoSuchFileException e) {
        make(above, PASS);
        make(folder, OWN);
      }
    }
    if (owner != null && !Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(owner)) {
      Files.setOwner(folder, owner);
    }
  }

  /** A folder in a place that others can write to: nobody else may have made it. */
  private void makeShared() throws IOException {
    if (!Files.exists(shortRun, LinkOption.NOFOLLOW_LINKS)) {
      make(shortRun, PASS);
    }
    if (!Files.isDirectory(shortRun, LinkOption.NOFOLLOW_LINKS)
        || !Files.getOwner(shortRun, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(data))) {
      throw new IOException(shortRun + " is not ours; remove it, or set XDG_RUNTIME_DIR");
    }
  }

  private void make(Path folder, Set<PosixFilePermission> mode) throws IOException {
    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Path parent = folder.getParent();
    if (parent != null && !Files.isDirectory(parent)) {
      var _ = Files.createDirectories(parent);
    }
    create(folder, mode);
  }

  /** Makes a folder, unless it is there, in one that is there. */
  private void create(Path folder, Set<PosixFilePermission> mode) throws IOException {
    if (isPosix) {
      try {
        var _ = Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(mode));
        if (!whole.contains(mode)) {
          // The umask may have taken bits away.
          if (Files.getPosixFilePermissions(folder).equals(mode)) {
            whole.add(mode);
          } else {
            var _ = Files.setPosixFilePermissions(folder, mode);
          }
        }
      } catch (java.nio.file.FileAlreadyExistsException e) {
        if (!Files.isDirectory(folder)) {
          throw e;
        }
      }
    } else {
      var _ = Files.createDirectories(folder);
    }
  }

  /** Removes what belongs to a daemon: state, sockets, log and its archives. */
  void remove(String daemon) throws IOException {
    Removal.ofTree(state(daemon));
    Removal.ofTree(run(daemon));
    Path log = log(daemon);
    Path folder = log.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return;
    }
    String base = String.valueOf(log.getFileName());
    try (var files = Files.newDirectoryStream(folder, base + "*")) {
      for (Path file : files) {
        String rest = String.valueOf(file.getFileName()).substring(base.length());
        if (rest.isEmpty() || rest.matches("\\.[A-Za-z0-9.]+")) {
          var _ = Files.deleteIfExists(file);
        }
      }
    }
  }

  private static String instanceId(Path file) throws IOException {
    if (Files.exists(file)) {
      String id = Files.readString(file).trim();
      if (id.matches("[0-9a-f]{8}")) {
        return id;
      }
      throw new IOException(
          file
              + " does not hold an instance id (8 hexadecimal digits); mend it, for what runs"
              + " already carries that id");
    }
    byte[] random = new byte[4];
    new SecureRandom().nextBytes(random);
    String id = HexFormat.of().formatHex(random);
    Path fresh = file.resolveSibling("instance.new");
    var _ = Files.writeString(fresh, id + "\n");
    var _ = Files.move(fresh, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    return id;
  }

  private static boolean isDefault(Path data, Path home) {
    String xdg = System.getenv("XDG_STATE_HOME");
    Path state =
        xdg != null && !xdg.isEmpty()
            ? Path.of(xdg)
            : Path.of(System.getProperty("user.home", "/")).resolve(".local/state");
    return data.equals(Path.of("/var/lib/duende"))
        || data.equals(state.resolve("duende"))
        || data.equals(home.resolve("data"));
  }
}
