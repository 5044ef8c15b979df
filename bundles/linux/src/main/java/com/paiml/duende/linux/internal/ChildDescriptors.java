package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Stdio;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The descriptors of ours that a child is to get copies of. All of them lie above the numbers that
 * they will have in the child, so that copying one never overwrites another that is still to come.
 */
final class ChildDescriptors implements AutoCloseable {
  static final int F_DUPFD_CLOEXEC = 1030;
  static final int F_SETFL = 4;
  static final int LOG_MODE = 0640;

  private final Kernel kernel;
  private final int floor;
  private final List<Fd> opened = new ArrayList<>();
  private final List<Fd> borrowed = new ArrayList<>();
  private final Map<Path, Integer> appended = new HashMap<>();
  private final int[] numbers;
  private final Optional<LowNumbers> low;
  // Of that, by what was copied.
  private final Map<Integer, Fd> lowered = new HashMap<>();

  private ChildDescriptors(Kernel kernel, int count, Optional<LowNumbers> low) {
    this.kernel = kernel;
    this.numbers = new int[count];
    this.floor = count;
    this.low = low;
  }

  /**
   * @param more descriptors that follow those of the request
   */
  static ChildDescriptors open(Kernel kernel, Fd nothing, SpawnRequest request, List<Fd> more)
      throws LinuxException {
    List<Descriptor> handed = new ArrayList<>(request.descriptors());
    handed.addAll(more);
    return open(
        nothing,
        request,
        handed,
        new ChildDescriptors(kernel, 3 + handed.size(), Optional.empty()));
  }

  /** As {@link #open}, at low numbers where there are any left. */
  static ChildDescriptors openLow(Kernel kernel, Fd nothing, LowNumbers low, SpawnRequest request)
      throws LinuxException {
    List<Descriptor> handed = request.descriptors();
    return open(
        nothing,
        request,
        handed,
        new ChildDescriptors(kernel, 3 + handed.size(), Optional.of(low)));
  }

  private static ChildDescriptors open(
      Fd nothing, SpawnRequest request, List<Descriptor> handed, ChildDescriptors all)
      throws LinuxException {
    try {
      List<Stdio> streams = List.of(request.stdin(), request.stdout(), request.stderr());
      for (int i = 0; i < 3; i++) {
        all.numbers[i] = all.above(all.number(streams.get(i), nothing));
      }
      for (int i = 0; i < handed.size(); i++) {
        all.numbers[3 + i] = all.above(all.borrow(handed.get(i)));
      }
      return all;
    } catch (LinuxException | RuntimeException fault) {
      all.close();
      throw fault;
    }
  }

  /** The number to copy from, by the number that the child will have. */
  int[] numbers() {
    return numbers.clone();
  }

  private int number(Stdio stream, Fd nothing) throws LinuxException {
    return switch (stream) {
      case Stdio.Null() -> borrow(nothing);
      case Stdio.Handed(Descriptor descriptor) -> borrow(descriptor);
      case Stdio.Inherited(int number) -> number;
      case Stdio.Read(Path file) -> openFile(file, Kernel.O_RDONLY);
      case Stdio.Append(Path file) -> {
        Integer already = appended.get(file);
        if (already == null) {
          already = openFile(file, Kernel.O_WRONLY | Kernel.O_APPEND | Kernel.O_CREAT);
          appended.put(file, already);
        }
        yield already;
      }
    };
  }

  private int openFile(Path file, int flags) throws LinuxException {
    String path = file.toString();
    SpawnFaults.refuseZero("path", path);
    Fd fd;
    try {
      // Not blocking, for a FIFO whose other side is not there would hold us up for ever.
      fd = kernel.open(path, flags | Kernel.O_NOCTTY | Kernel.O_NONBLOCK, LOG_MODE);
    } catch (LinuxException refused) {
      if (refused.is(Errno.ENXIO)) {
        throw new LinuxException(
            Errno.ENXIO, "openat", path, "It is a FIFO that nobody reads: start its reader first.");
      }
      throw refused;
    }
    opened.add(fd);
    Kernel.check(
        kernel.raw(Call.FCNTL, fd.number(), F_SETFL, flags & Kernel.O_APPEND), Call.FCNTL, path);
    return fd.number();
  }

  private int borrow(Descriptor descriptor) throws LinuxException {
    if (descriptor instanceof Fd fd) {
      int number = fd.acquire();
      borrowed.add(fd);
      return number;
    }
    return descriptor.number();
  }

  private int above(int number) throws LinuxException {
    if (number >= floor) {
      return low.isPresent() ? lower(low.get(), number) : number;
    }
    long copy = kernel.raw(Call.FCNTL, number, F_DUPFD_CLOEXEC, floor);
    Fd fd = new Fd(kernel, (int) Kernel.check(copy, Call.FCNTL, "descriptor " + number));
    opened.add(fd);
    return fd.number();
  }

  private int lower(LowNumbers from, int number) throws LinuxException {
    Fd copy = lowered.get(number);
    if (copy == null) {
      Optional<Fd> made = from.copy(number);
      if (made.isEmpty()) {
        return number;
      }
      copy = made.get();
      lowered.put(number, copy);
    }
    return copy.number();
  }

  @Override
  public void close() {
    low.ifPresent(from -> lowered.values().forEach(from::back));
    borrowed.forEach(Fd::release);
    opened.forEach(Fd::close);
  }
}
