package com.paiml.duende.client;

import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.FrameWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads a file here and sends it there, whole or not at all. */
final class LentFile {
  private LentFile() {}

  static void send(String name, int limit, FrameWriter writer) throws IOException {
    byte[] contents;
    try {
      Path file = Path.of(name);
      if (Files.isDirectory(file)) {
        refuse(writer, "is a directory; name the files in it");
        return;
      }
      try (InputStream in = Files.newInputStream(file)) {
        contents = in.readNBytes(limit + 1);
      }
    } catch (InvalidPathException e) {
      refuse(writer, "is not a file name");
      return;
    } catch (NoSuchFileException e) {
      refuse(writer, "no such file");
      return;
    } catch (AccessDeniedException e) {
      refuse(writer, "may not be read by this user");
      return;
    } catch (FileSystemLoopException e) {
      refuse(writer, "is a loop of symbolic links");
      return;
    } catch (FileSystemException e) {
      String reason = e.getReason();
      refuse(writer, reason == null ? "cannot be read" : "cannot be read: " + reason);
      return;
    } catch (IOException e) {
      refuse(writer, "cannot be read: " + e.getMessage());
      return;
    }
    if (contents.length > limit) {
      refuse(writer, "is larger than " + limit + " bytes");
      return;
    }
    for (int at = 0; at < contents.length; at += Frame.LIMIT) {
      writer.write(Frame.FILE, contents, at, Math.min(Frame.LIMIT, contents.length - at));
    }
    writer.write(Frame.FILE);
  }

  private static void refuse(FrameWriter writer, String why) throws IOException {
    writer.write(Frame.NO_FILE, why.getBytes(StandardCharsets.UTF_8));
  }
}
