package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.abi.FileType;
import com.paiml.duende.adapter.wos.abi.Stat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Reads what the host knows about a file. */
final class HostStat {

  private HostStat() {}

  /** Of the file itself: a link is not followed. */
  static Stat of(Path path) throws IOException {
    if (path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      Map<String, Object> a =
          Files.readAttributes(
              path,
              "unix:dev,ino,nlink,size,lastAccessTime,lastModifiedTime,ctime,isDirectory,isRegularFile,isSymbolicLink",
              LinkOption.NOFOLLOW_LINKS);
      return new Stat(
          number(a, "dev"),
          number(a, "ino"),
          type(
              (Boolean) get(a, "isDirectory"),
              (Boolean) get(a, "isRegularFile"),
              (Boolean) get(a, "isSymbolicLink")),
          number(a, "nlink"),
          number(a, "size"),
          nanos((FileTime) get(a, "lastAccessTime")),
          nanos((FileTime) get(a, "lastModifiedTime")),
          nanos((FileTime) get(a, "ctime")));
    }
    BasicFileAttributes a =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    long modified = nanos(a.lastModifiedTime());
    return new Stat(
        0,
        Objects.hashCode(a.fileKey() == null ? path.toAbsolutePath() : a.fileKey()),
        type(a.isDirectory(), a.isRegularFile(), a.isSymbolicLink()),
        1,
        a.size(),
        nanos(a.lastAccessTime()),
        modified,
        modified);
  }

  private static FileType type(boolean directory, boolean regular, boolean link) {
    if (directory) {
      return FileType.DIRECTORY;
    }
    if (link) {
      return FileType.SYMBOLIC_LINK;
    }
    return regular ? FileType.REGULAR_FILE : FileType.UNKNOWN;
  }

  private static Object get(Map<String, Object> attributes, String name) {
    return Objects.requireNonNull(attributes.get(name), name);
  }

  private static long number(Map<String, Object> attributes, String name) {
    return ((Number) get(attributes, name)).longValue();
  }

  private static long nanos(FileTime time) {
    return time.to(TimeUnit.NANOSECONDS);
  }
}
