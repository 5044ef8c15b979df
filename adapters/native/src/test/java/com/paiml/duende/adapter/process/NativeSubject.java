package com.paiml.duende.adapter.process;

import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.conformance.Subject;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/** What both kinds of payload have in common. */
abstract class NativeSubject implements Subject {
  private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

  @Override
  public String platform() {
    return NativeAdapter.NAME;
  }

  @Override
  public PlatformAdapter open(Instance instance) throws Exception {
    return new NativeAdapter();
  }

  @Override
  public void close(PlatformAdapter adapter) {
    ((NativeAdapter) adapter).deactivate();
  }

  /** Its files, and its groups wherever this machine has its hierarchies. */
  @Override
  public List<String> leftovers(LaunchSpec spec) throws Exception {
    List<String> left = new ArrayList<>(Subject.super.leftovers(spec));
    String own = "duende-" + spec.instance().id() + "/run-" + spec.name();
    if (Files.isDirectory(CGROUPS)) {
      Files.walkFileTree(
          CGROUPS,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes a) {
              if (folder.endsWith(own)) {
                left.add(folder.toString());
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException gone) {
              return FileVisitResult.CONTINUE;
            }
          });
    }
    return left;
  }
}
