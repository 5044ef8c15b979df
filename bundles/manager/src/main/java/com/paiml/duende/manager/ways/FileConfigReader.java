package com.paiml.duende.manager.ways;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.manager.ConfigReader;
import com.paiml.duende.manager.file.DaemonFileReader;
import com.paiml.duende.manager.file.FileText;
import com.paiml.duende.manager.file.LocalFiles;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;

/** The reader of daemon files, with what is installed around it. */
@Component(
    service = {ConfigReader.class, FileConfigReader.class},
    configurationPolicy = ConfigurationPolicy.IGNORE)
public final class FileConfigReader implements ConfigReader {
  private final DaemonFileReader reader;
  private final AutoCloseable surroundings;
  private final Just just = new Just();

  @Activate
  public FileConfigReader(BundleContext context) {
    this(new InstalledSurroundings(context));
  }

  private FileConfigReader(InstalledSurroundings surroundings) {
    this(
        new DaemonFileReader(
            surroundings,
            new LocalFiles(Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin"))),
        surroundings);
  }

  FileConfigReader(DaemonFileReader reader) {
    this(reader, () -> {});
  }

  private FileConfigReader(DaemonFileReader reader, AutoCloseable surroundings) {
    this.reader = reader;
    this.surroundings = surroundings;
  }

  @Deactivate
  void close() throws Exception {
    surroundings.close();
  }

  @Override
  public DaemonConfig read(String text, String origin) throws ConfigException {
    return just.read(reader.read(text, origin));
  }

  /** Reads a flat map with the keys of the daemon file. */
  DaemonConfig read(Map<String, ?> map, String origin) throws ConfigException {
    return just.read(reader.read(map, origin));
  }

  /** Reads a daemon file from the disk; it is its own origin. */
  DaemonConfig read(Path file) throws ConfigException {
    return just.read(reader.read(FileText.read(file), file.toString()));
  }

  /** Reads a group file from the disk. */
  GroupConfig readGroup(Path file) throws ConfigException {
    return reader.readGroup(FileText.read(file), file.toString());
  }

  @Override
  public GroupConfig readGroup(String text, String origin) throws ConfigException {
    return reader.readGroup(text, origin);
  }

  @Override
  public Optional<DaemonConfig> reread(String origin) throws DaemonException {
    try {
      Path file = Path.of(origin);
      // A file that is gone says nothing about the daemon: what was read from it stays in force.
      return file.isAbsolute() && Files.exists(file) ? Optional.of(read(file)) : Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  @Override
  public List<ConfigFault> check(DaemonConfig config, String origin) {
    return just.hasRead(config) ? List.of() : reader.check(config, origin);
  }

  @Override
  public List<ConfigFault> check(GroupConfig config, String origin) {
    return reader.check(config, origin);
  }

  /**
   * What was read a moment ago: who reads a file deploys what came out of it, and to take that to pieces again for a check finds
   * nothing and takes as long as the reading. A configuration cannot change.
   */
  private static final class Just {
    private static final int FEW = 16;

    private final AtomicReferenceArray<WeakReference<DaemonConfig>> ring =
        new AtomicReferenceArray<>(FEW);
    private final AtomicInteger next = new AtomicInteger();

    DaemonConfig read(DaemonConfig config) {
      ring.set(Math.floorMod(next.getAndIncrement(), FEW), new WeakReference<>(config));
      return config;
    }

    boolean hasRead(DaemonConfig config) {
      for (int i = 0; i < FEW; i++) {
        WeakReference<DaemonConfig> one = ring.get(i);
        if (one != null && one.refersTo(config)) {
          return true;
        }
      }
      return false;
    }
  }
}
