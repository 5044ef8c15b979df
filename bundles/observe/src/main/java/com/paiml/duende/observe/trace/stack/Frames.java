package com.paiml.duende.observe.trace.stack;

import com.paiml.duende.observe.trace.decode.RawEvent;
import com.paiml.duende.observe.trace.stack.AddressSpace.Mapping;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Turns return addresses into words. For one thread. */
public final class Frames {
  private static final int MOST_PROCESSES = 64;
  private static final int PT_LOAD = 1;

  private final Symbols symbols = new Symbols();
  private final JavaFrames java = new JavaFrames();
  private final Map<String, List<long[]>> segments = new HashMap<>();
  private final Map<Integer, AddressSpace> spaces =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, AddressSpace> eldest) {
          return size() > MOST_PROCESSES;
        }
      };

  /** How far it reaches, for people. */
  public String method() {
    return symbols.isInstalled()
        ? "frames by frame pointers, names and lines by addr2line"
        : "frames by frame pointers, without names and lines: addr2line (binutils) is not"
            + " installed";
  }

  private AddressSpace space(int process) {
    return spaces.computeIfAbsent(process, AddressSpace::of);
  }

  /** Whether an address lies behind a call instruction of that process's code. */
  public boolean isReturnAddress(int process, long address) {
    return address > 0xffff && space(process).isReturnAddress(address);
  }

  /** The stacks of these events, innermost frame first, as many as there are events. */
  public List<List<String>> of(List<RawEvent> events) {
    Map<Path, Map.Entry<String, Set<Long>>> wanted = new HashMap<>();
    List<List<Place>> places = new ArrayList<>();
    for (RawEvent event : events) {
      List<Place> stack = new ArrayList<>();
      for (int i = 0; i < event.stack().size(); i++) {
        // A return address is behind the call; the innermost is the call itself.
        Place place = place(event.process(), event.stack().get(i) - 1);
        stack.add(place);
        place
            .file()
            .ifPresent(
                file ->
                    wanted
                        .computeIfAbsent(file, f -> Map.entry(place.name(), new HashSet<>()))
                        .getValue()
                        .add(place.address()));
      }
      places.add(stack);
    }
    Map<Path, Map<Long, String>> words = new HashMap<>();
    wanted.forEach(
        (file, asked) -> words.put(file, symbols.of(file, asked.getKey(), asked.getValue())));
    List<List<String>> all = new ArrayList<>();
    for (int i = 0; i < events.size(); i++) {
      List<String> frames = new ArrayList<>();
      for (Place place : places.get(i)) {
        frames.add(
            place
                .file()
                .map(file -> words.getOrDefault(file, Map.of()).get(place.address()))
                .orElse(place.name()));
      }
      frames.addAll(java.of(events.get(i).process(), events.get(i).thread()));
      all.add(List.copyOf(frames));
    }
    return all;
  }

  /**
   * @param file where symbols may be; empty for code without a file
   * @param name for people
   * @param address as the file numbers it
   */
  private record Place(Optional<Path> file, String name, long address) {}

  private Place place(int process, long address) {
    AddressSpace space = space(process);
    Optional<Mapping> mapping = space.find(address);
    if (mapping.isEmpty()) {
      space.refresh();
      mapping = space.find(address);
    }
    if (mapping.isEmpty()) {
      return new Place(Optional.empty(), "0x" + Long.toHexString(address), address);
    }
    Mapping found = mapping.get();
    if (!found.isFile()) {
      return new Place(Optional.empty(), found.path(), address);
    }
    Path file = space.file(found);
    long offset = address - found.begin() + found.offset();
    return new Place(Optional.of(file), found.name(), virtual(file, offset));
  }

  /** From an offset in the file to the address that its segments give it, elf(5). */
  private long virtual(Path file, long offset) {
    for (long[] segment :
        segments.computeIfAbsent(file.toString(), f -> readSegments(Path.of(f)))) {
      if (offset >= segment[0] && offset < segment[0] + segment[2]) {
        return offset - segment[0] + segment[1];
      }
    }
    return offset;
  }

  /** Offset, address and size of what is loaded, of a 64-bit file. */
  private static List<long[]> readSegments(Path path) {
    List<long[]> found = new ArrayList<>();
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      byte[] header = new byte[64];
      file.readFully(header);
      ByteBuffer elf = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
      if (elf.getInt(0) != 0x464c457f) {
        return found;
      }
      int size = elf.getShort(54);
      byte[] table = new byte[Math.clamp((long) size * (elf.getShort(56) & 0xffff), 0, 1 << 16)];
      file.seek(elf.getLong(32));
      file.readFully(table);
      ByteBuffer entries = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
      for (int at = 0; size >= 56 && at + size <= table.length; at += size) {
        if (entries.getInt(at) == PT_LOAD) {
          found.add(
              new long[] {
                entries.getLong(at + 8), entries.getLong(at + 16), entries.getLong(at + 32)
              });
        }
      }
    } catch (IOException unreadable) {
      return found;
    }
    return found;
  }
}
