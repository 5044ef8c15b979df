package com.paiml.duende.manager.file;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;

/** The text of a file that somebody else wrote: bounded, whole, UTF-8, or one clear fault. */
public final class FileText {
  private FileText() {}

  /**
   * @throws ConfigException with one fault when it is not there, not a plain file, longer than 1 MiB or not UTF-8
   */
  public static String read(Path file) throws ConfigException {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      if (attributes.isDirectory()) {
        throw fault(file, 0, 0, "is a folder", "give a file");
      }
      if (!attributes.isRegularFile()) {
        throw fault(file, 0, 0, "is a device, pipe or socket", "give a plain file");
      }
      try (InputStream in = Files.newInputStream(file)) {
        byte[] bytes = in.readNBytes(DaemonFileReader.MAX_LENGTH + 1);
        if (bytes.length > DaemonFileReader.MAX_LENGTH) {
          throw fault(
              file,
              0,
              0,
              "is longer than 1 MiB (" + attributes.size() + " bytes)",
              "a daemon file is a few lines; put data into files of its own");
        }
        return decode(file, bytes);
      }
    } catch (NoSuchFileException e) {
      throw fault(file, 0, 0, "is not there", "mend the path");
    } catch (AccessDeniedException e) {
      throw fault(file, 0, 0, "may not be read by this user", "chmod or chown it");
    } catch (FileSystemException e) {
      String reason = String.valueOf(e.getReason());
      throw reason.contains("symbolic links")
          ? fault(file, 0, 0, "is a loop of symbolic links", "mend the links")
          : fault(file, 0, 0, "cannot be read: " + reason, "mend the path");
    } catch (IOException e) {
      throw fault(file, 0, 0, "cannot be read: " + e.getMessage(), "");
    }
  }

  private static String decode(Path file, byte[] bytes) throws ConfigException {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = decoder.decode(in, out, true);
    out.flip();
    String text = out.toString();
    if (result.isError()) {
      int line = 1 + (int) text.chars().filter(c -> c == '\n').count();
      int column = text.codePointCount(text.lastIndexOf('\n') + 1, text.length()) + 1;
      throw fault(
          file,
          line,
          column,
          String.format(
              "is not UTF-8: byte 0x%02X at offset %d", bytes[in.position()], in.position()),
          "save it as UTF-8");
    }
    return text;
  }

  private static ConfigException fault(
      Path file, int line, int column, String problem, String remedy) {
    return new ConfigException(
        List.of(new ConfigFault(file.toString(), line, column, "", problem, remedy)));
  }
}
