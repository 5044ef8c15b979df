package com.paiml.duende.manager.engine;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.BasicFileAttributeView;

/**
 * Removes folders that belong to a daemon's user. Another process of that user may put a link in the place of a folder while we
 * are at it: where the system can (openat(2), unlinkat(2)), every step goes by an open folder, never by a path again, and no
 * link is followed.
 */
final class Removal {
  private Removal() {}

  static void ofTree(Path root) throws IOException {
    Path parent = root.toAbsolutePath().getParent();
    if (parent == null || !Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (DirectoryStream<Path> above = Files.newDirectoryStream(parent)) {
      if (above instanceof SecureDirectoryStream<Path> secure) {
        remove(secure, root.getFileName());
      } else {
        remove(root);
      }
    }
  }

  private static void remove(SecureDirectoryStream<Path> folder, Path name) throws IOException {
    try {
      if (isFolder(folder, name)) {
        try (SecureDirectoryStream<Path> inside =
            folder.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
          for (Path each : inside) {
            remove(inside, each.getFileName());
          }
        }
        folder.deleteDirectory(name);
      } else {
        folder.deleteFile(name);
      }
    } catch (NoSuchFileException e) {
      // Gone, as it should be.
      return;
    }
  }

  private static boolean isFolder(SecureDirectoryStream<Path> folder, Path name)
      throws IOException {
    return folder
        .getFileAttributeView(name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .readAttributes()
        .isDirectory();
  }

  private static void remove(Path path) throws IOException {
    if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      try (DirectoryStream<Path> inside = Files.newDirectoryStream(path)) {
        for (Path each : inside) {
          remove(each);
        }
      }
    }
    var _ = Files.deleteIfExists(path);
  }
}
