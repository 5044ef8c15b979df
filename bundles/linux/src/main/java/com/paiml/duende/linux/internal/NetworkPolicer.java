package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.bpf.BpfProgram;
import com.paiml.duende.linux.bpf.BpfProgram.Condition;
import com.paiml.duende.linux.bpf.BpfProgram.Helper;
import com.paiml.duende.linux.bpf.BpfProgram.Operation;
import com.paiml.duende.linux.bpf.BpfProgram.Width;
import com.paiml.duende.linux.cgroup.InForce;
import com.paiml.duende.linux.cgroup.Setting;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A rate limit on the packets of one version 2 group. Two programs, one per direction, share a map of
 * two buckets. A bucket is a time: the one at which all that has passed would be paid for at the
 * agreed rate. A packet passes when that is not further ahead of now than the burst, and moves it on
 * by its own length. Sums are atomic, so the rate holds over many processors; only how far it is
 * overdrawn at one moment can be off by a packet for each.
 *
 * <p>The group holds the programs: they outlive this object and this process, and go with the group.
 */
final class NetworkPolicer {
  private static final String NAME = "duende_net";
  private static final long BURST_NANOS = 200_000_000;
  private static final int VALUE_SIZE = 24;
  private static final int PAID_UNTIL = 0;
  private static final int RATE = 8;
  private static final int BURST = 16;
  private static final int NANOS_PER_SECOND = 1_000_000_000;

  private final Bpf bpf;
  private final Kernel kernel;
  private final Path group;

  NetworkPolicer(Kernel kernel, Path group) {
    this.bpf = new Bpf(kernel);
    this.kernel = kernel;
    this.group = group;
  }

  /** Loads both programs and lets them go again. */
  static void tryLoading(Bpf bpf) throws LinuxException {
    try (Fd map = bpf.array(NAME, VALUE_SIZE, 2);
        Fd in = bpf.load(NAME, program(map, Bpf.ATTACH_INGRESS), Bpf.ATTACH_INGRESS);
        Fd out = bpf.load(NAME, program(map, Bpf.ATTACH_EGRESS), Bpf.ATTACH_EGRESS)) {
      assert !in.isClosed() && !out.isClosed();
    }
  }

  void set(long bytesPerSecond) throws LinuxException {
    if (bytesPerSecond < 1 && bytesPerSecond != Setting.UNLIMITED) {
      throw new LinuxException(
          Errno.EINVAL,
          "bpf",
          bytesPerSecond + " bytes per second",
          "Allow at least one byte per second, or set no limit.");
    }
    try (Fd folder = open()) {
      List<List<Bpf.Program>> before = List.of(ours(folder, 0), ours(folder, 1));
      if (bytesPerSecond != Setting.UNLIMITED) {
        attach(folder, bytesPerSecond);
      }
      // The new ones are in force before the old ones go: there is no moment without a limit.
      for (int direction = 0; direction < 2; direction++) {
        for (Bpf.Program old : before.get(direction)) {
          try (Fd program = bpf.program(old.id())) {
            bpf.detach(folder, program, direction);
          }
        }
      }
    }
  }

  private Fd open() throws LinuxException {
    return kernel.open(group.toString(), Kernel.O_RDONLY, 0);
  }

  private List<Bpf.Program> ours(Fd folder, int direction) throws LinuxException {
    return bpf.attached(folder, direction).stream()
        .filter(program -> program.name().equals(NAME) && program.maps().size() == 1)
        .toList();
  }

  private void attach(Fd folder, long rate) throws LinuxException {
    try (Fd map = bpf.array(NAME, VALUE_SIZE, 2);
        Fd in = bpf.load(NAME, program(map, Bpf.ATTACH_INGRESS), Bpf.ATTACH_INGRESS);
        Fd out = bpf.load(NAME, program(map, Bpf.ATTACH_EGRESS), Bpf.ATTACH_EGRESS)) {
      byte[] bucket =
          ByteBuffer.allocate(VALUE_SIZE)
              .order(ByteOrder.nativeOrder())
              .putLong(PAID_UNTIL, 0)
              .putLong(RATE, rate)
              .putLong(BURST, BURST_NANOS)
              .array();
      bpf.update(map, Bpf.ATTACH_INGRESS, bucket);
      bpf.update(map, Bpf.ATTACH_EGRESS, bucket);
      bpf.attach(folder, in, Bpf.ATTACH_INGRESS);
      try {
        bpf.attach(folder, out, Bpf.ATTACH_EGRESS);
      } catch (LinuxException refused) {
        bpf.detach(folder, in, Bpf.ATTACH_INGRESS);
        throw refused;
      }
    }
  }

  List<InForce> read() throws LinuxException {
    List<InForce> all = new ArrayList<>();
    try (Fd folder = open()) {
      for (int direction = 0; direction < 2; direction++) {
        String name = direction == Bpf.ATTACH_INGRESS ? "ingress" : "egress";
        String value = rate(folder, direction).map(Object::toString).orElse("max");
        all.add(new InForce(group.resolve("(bpf) " + name), value));
      }
    }
    return all;
  }

  private Optional<Long> rate(Fd folder, int direction) throws LinuxException {
    List<Bpf.Program> programs = ours(folder, direction);
    if (programs.isEmpty()) {
      return Optional.empty();
    }
    try (Fd map = bpf.map(programs.getFirst().maps().getFirst())) {
      byte[] bucket = bpf.lookup(map, direction, VALUE_SIZE);
      return Optional.of(ByteBuffer.wrap(bucket).order(ByteOrder.nativeOrder()).getLong(RATE));
    }
  }

  /** The program, as an assembler would list it. */
  private static byte[] program(Fd map, int direction) throws LinuxException {
    // Dropped on the way out, 2 lets the sender's TCP know at once.
    int dropped = direction == Bpf.ATTACH_EGRESS ? 2 : 0;
    return new BpfProgram()
        .load(Width.WORD, 6, 1, 0) // r6 = packet->len
        .storeValue(Width.WORD, 10, -4, direction) // key on the stack
        .loadMap(1, map.number())
        .move(2, 10)
        .add(2, -4)
        .call(Helper.MAP_LOOKUP_ELEM)
        .jumpIfValue(Condition.JNE, 0, 0, "found")
        .returning(1)
        .label("found")
        .move(7, 0) // r7 = bucket
        .call(Helper.KTIME_GET_NS)
        .move(8, 0) // r8 = now
        .load(Width.LONG, 2, 7, PAID_UNTIL)
        .jumpIf(Condition.JGE, 2, 8, "ahead")
        .move(0, 2) // nothing is saved up beyond the burst: paid until now
        .compareAndSwap(7, PAID_UNTIL, 8)
        .move(2, 8)
        .label("ahead")
        .compute(Operation.SUB, 2, 8)
        .load(Width.LONG, 3, 7, BURST)
        .jumpIf(Condition.JGT, 2, 3, "drop")
        .load(Width.LONG, 4, 7, RATE)
        .computeValue(Operation.MUL, 6, NANOS_PER_SECOND)
        .compute(Operation.DIV, 6, 4)
        .atomicAdd(7, PAID_UNTIL, 6)
        .returning(1)
        .label("drop")
        .returning(dropped)
        .bytes();
  }
}
