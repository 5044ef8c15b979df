package com.paiml.duende.ublk;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.ublk.control.DeviceInfo;
import com.paiml.duende.ublk.control.ServerMark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * Which device a daemon has, in its state directory: so that the next server takes over this one and no other. A number alone
 * would not do, for numbers are given out again.
 */
final class DeviceRecord {
  private final Path file;
  private final String boot;

  DeviceRecord(Path stateDirectory, String boot) {
    this.file = stateDirectory.resolve("device");
    this.boot = boot;
  }

  void write(DeviceInfo device) throws DaemonException {
    String line = line(device.id(), device.mark().orElseThrow());
    Path half = file.resolveSibling("device.half");
    try {
      Path _ = Files.writeString(half, line);
      Path _ = Files.move(half, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException refused) {
      throw new DaemonException(
          ErrorCode.IO,
          file.toString(),
          "cannot be written: " + refused.getMessage(),
          "make room and rights in the state directory",
          refused);
    }
  }

  /** The recorded device's number; empty where there is none of this boot. */
  Optional<Integer> id() throws DaemonException {
    try {
      if (!Files.exists(file)) {
        return Optional.empty();
      }
      String[] words = Files.readString(file).trim().split(" ");
      return words.length == 3 && words[2].equals(boot) && words[0].matches("[0-9]{1,9}")
          ? Optional.of(Integer.valueOf(words[0]))
          : Optional.empty();
    } catch (IOException unreadable) {
      throw new DaemonException(
          ErrorCode.IO,
          file.toString(),
          "cannot be read: " + unreadable.getMessage(),
          "",
          unreadable);
    }
  }

  /** Whether a device is the one that was recorded, and not another one with its number. */
  boolean is(DeviceInfo device) throws DaemonException {
    try {
      return device.mark().isPresent()
          && Files.exists(file)
          && Files.readString(file).trim().equals(line(device.id(), device.mark().get()).trim());
    } catch (IOException unreadable) {
      return false;
    }
  }

  private String line(int id, ServerMark mark) {
    return id + " " + mark.pid() + "-" + mark.start() + "-" + mark.namespace() + " " + boot + "\n";
  }

  void delete() throws DaemonException {
    try {
      boolean _ = Files.deleteIfExists(file);
    } catch (IOException refused) {
      throw new DaemonException(ErrorCode.IO, file.toString(), "cannot be deleted", "", refused);
    }
  }
}
