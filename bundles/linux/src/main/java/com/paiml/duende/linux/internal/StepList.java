package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * System calls for the executor to make on itself, in the layout of {@code executor.c}. Each step
 * carries what it is for, so that a failure can be told in words. Not for several threads.
 */
final class StepList {
  /** ROOM of executor.c, less the byte that tells a full list from a cut one. */
  static final int MAX_BYTES = 256 * 1024 - 1;

  static final int STEP_NONE = -1;
  private static final int MAGIC = 0x31584544;
  private static final int HEADER = 16;
  private static final int STEP = 72;
  private static final long RELOCATE = -1;
  private static final int ARGUMENTS = 6;
  private static final int FIRST_DATA = 4096;

  /** What an argument is; the constants' order is the executor's. */
  private enum Kind {
    VALUE(0),
    POINTER(1),
    LOAD(2),
    OWN(3);

    private final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  /**
   * An argument of a step.
   *
   * @param number the value itself, or where in the data
   */
  record Argument(Kind kind, long number) {}

  /**
   * A place in the data.
   *
   * @param offset from the start of the data
   */
  record Place(int offset) {
    /** Its address. */
    Argument pointer() {
      return new Argument(Kind.POINTER, offset);
    }

    /** The 32-bit word that is there when the step runs. */
    Argument load() {
      return new Argument(Kind.LOAD, offset);
    }

    Place plus(int more) {
      return new Place(offset + more);
    }
  }

  /** The argument vector of the program to be started. */
  static final Argument OWN_ARGUMENTS = new Argument(Kind.OWN, 0);

  /** Its environment. */
  static final Argument OWN_ENVIRONMENT = new Argument(Kind.OWN, 1);

  /**
   * What a step is for.
   *
   * @param call the system call
   * @param thing what it is made for
   */
  record Purpose(String call, String thing) {}

  private static final int NOWHERE = -1;

  private record Step(
      long number, List<Argument> arguments, int store, int tolerated, Purpose purpose) {}

  private final Architecture architecture;
  private final List<Step> steps = new ArrayList<>();
  private ByteBuffer data = ByteBuffer.allocate(FIRST_DATA).order(ByteOrder.nativeOrder());

  StepList(Architecture architecture) {
    this.architecture = architecture;
  }

  static Argument value(long number) {
    return new Argument(Kind.VALUE, number);
  }

  /** Puts bytes into the data, aligned to 8. */
  Place bytes(byte[] bytes) {
    Place place = room(bytes.length);
    data.put(place.offset(), bytes);
    return place;
  }

  /** A C string. */
  Place string(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    Place place = room(utf8.length + 1);
    data.put(place.offset(), utf8);
    return place;
  }

  /** Zeroed room, aligned to 8. */
  Place room(int length) {
    int at = (data.position() + 7) & ~7;
    int end = at + length;
    if (end > data.capacity()) {
      ByteBuffer larger =
          ByteBuffer.allocate(Math.max(end, 2 * data.capacity())).order(ByteOrder.nativeOrder());
      data.flip();
      larger.put(data);
      data = larger;
    }
    data.position(end);
    return new Place(at);
  }

  void putInt(Place at, int value) {
    data.putInt(at.offset(), value);
  }

  void putShort(Place at, int value) {
    data.putShort(at.offset(), (short) value);
  }

  void putLong(Place at, long value) {
    data.putLong(at.offset(), value);
  }

  /** Lets the 64-bit word there be the address of that other place. */
  void putPointer(Place at, Place target) {
    putLong(at, target.offset());
    steps.add(
        new Step(
            RELOCATE,
            List.of(value(at.offset())),
            NOWHERE,
            0,
            new Purpose("executor", "a pointer")));
  }

  /** Adds a step. */
  void call(Call call, String thing, Argument... arguments) {
    add(call, thing, NOWHERE, 0, arguments);
  }

  /** Adds a step for which an error number is as good as success. */
  void callTolerating(Errno errno, Call call, String thing, Argument... arguments) {
    add(call, thing, NOWHERE, errno.number(), arguments);
  }

  /** Adds a step whose result goes into the 32-bit word there. */
  void callStoring(Place store, Call call, String thing, Argument... arguments) {
    add(call, thing, store.offset(), 0, arguments);
  }

  private void add(Call call, String thing, int store, int tolerated, Argument... arguments) {
    steps.add(
        new Step(
            call.number(architecture),
            List.of(arguments),
            store,
            tolerated,
            new Purpose(call.manualName(), thing)));
  }

  /** What the step with that index is for. */
  Purpose purpose(int index) {
    return index >= 0 && index < steps.size()
        ? steps.get(index).purpose()
        : new Purpose("executor", "the list of steps");
  }

  /** The whole list as the executor reads it. */
  byte[] encode() throws LinuxException {
    int start = HEADER + STEP * steps.size();
    int size = start + data.position();
    if (size > MAX_BYTES) {
      throw new LinuxException(
          Errno.E2BIG,
          "executor",
          "a confinement of " + size + " bytes",
          "At most " + MAX_BYTES + " bytes of rules fit: use fewer paths or shorter ones.");
    }
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    out.putInt(MAGIC).putInt(steps.size()).putInt(size).putInt(0);
    for (Step step : steps) {
      encode(step, start, out);
    }
    out.put(data.array(), 0, data.position());
    for (Step step : steps) {
      if (step.number() == RELOCATE) {
        int at = start + (int) step.arguments().getFirst().number();
        out.putLong(at, out.getLong(at) + start);
      }
    }
    return out.array();
  }

  private static void encode(Step step, int start, ByteBuffer out) {
    out.putLong(step.number());
    int kinds = 0;
    for (int i = 0; i < ARGUMENTS; i++) {
      if (i >= step.arguments().size()) {
        out.putLong(0);
        continue;
      }
      Argument argument = step.arguments().get(i);
      boolean inData =
          argument.kind() == Kind.POINTER
              || argument.kind() == Kind.LOAD
              || step.number() == RELOCATE;
      out.putLong(argument.number() + (inData ? start : 0));
      kinds |= argument.kind().code << (2 * i);
    }
    out.putInt(kinds)
        .putInt(step.store() == NOWHERE ? 0 : step.store() + start)
        .putInt(step.tolerated())
        .putInt(0);
  }
}
