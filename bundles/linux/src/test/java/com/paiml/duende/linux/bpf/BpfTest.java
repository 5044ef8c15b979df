package com.paiml.duende.linux.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.bpf.BpfProgram.Condition;
import com.paiml.duende.linux.bpf.BpfProgram.Helper;
import com.paiml.duende.linux.bpf.BpfProgram.Operation;
import com.paiml.duende.linux.bpf.BpfProgram.Width;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Programs in this kernel, that watch this very process. */
class BpfTest {
  private static final int RING = 1 << 16;

  private final Linux linux = Here.linux();
  private final BpfObjects bpf = linux.bpf();

  @BeforeEach
  void whereItIsPermitted() throws Exception {
    try (Descriptor map = bpf.map(MapType.ARRAY, "trial", 4, 8, 1)) {
      assertTrue(map.number() > 0);
    } catch (LinuxException refused) {
      assumeTrue(false, "bpf is not permitted here: " + refused.getMessage());
    }
  }

  private static byte[] key(int key) {
    return ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(key).array();
  }

  /** Sends 16 bytes, this process and the number of the call, for every getppid of this process. */
  private BpfProgram reporter(Descriptor ring) throws LinuxException {
    int getppid = linux.systemCalls().number("getppid").orElseThrow();
    return new BpfProgram()
        .load(Width.LONG, 6, 1, 8)
        .call(Helper.GET_CURRENT_PID_TGID)
        .computeValue(Operation.RSH, 0, 32)
        .move(7, 0)
        .jumpIfValue(Condition.JNE, 7, (int) ProcessHandle.current().pid(), "out")
        .jumpIfValue(Condition.JNE, 6, getppid, "out")
        .loadMap(1, ring.number())
        .moveValue(2, 16)
        .moveValue(3, 0)
        .call(Helper.RINGBUF_RESERVE)
        .jumpIfValue(Condition.JEQ, 0, 0, "out")
        .store(Width.LONG, 0, 0, 7)
        .store(Width.LONG, 0, 8, 6)
        .move(1, 0)
        .moveValue(2, 1)
        .call(Helper.RINGBUF_SUBMIT)
        .label("out")
        .returning(0);
  }

  private void callGetppid(int times) {
    int getppid = linux.systemCalls().number("getppid").orElseThrow();
    for (int i = 0; i < times; i++) {
      linux.rawCalls().call(getppid, 0, 0, 0);
    }
  }

  @Test
  void records_of_a_ring_arrive_in_order_and_whole_over_its_end() throws Exception {
    try (Descriptor map = bpf.map(MapType.RINGBUF, "ring", 0, 0, RING);
        BpfRing ring = bpf.ring(map, RING);
        Descriptor program = bpf.rawTracepoint("reporter", reporter(map));
        Descriptor link = bpf.attach(program, "sys_enter")) {
      assertTrue(link.number() > 0);
      List<Long> pids = new ArrayList<>();
      // 24 bytes each: three rounds of 2000 go over the end of 64 KiB.
      for (int round = 0; round < 3; round++) {
        callGetppid(2000);
        assertTrue(ring.filled() > 0.5, "filled " + ring.filled());
        int taken = ring.drain(Integer.MAX_VALUE, bytes -> pids.add(bytes.getLong()));
        assertEquals(2000, taken);
      }
      assertEquals(6000, pids.size());
      assertTrue(pids.stream().allMatch(p -> p == ProcessHandle.current().pid()));
    }
  }

  @Test
  void nothing_is_watched_once_the_link_is_closed() throws Exception {
    try (Descriptor map = bpf.map(MapType.RINGBUF, "ring", 0, 0, RING);
        BpfRing ring = bpf.ring(map, RING);
        Descriptor program = bpf.rawTracepoint("reporter", reporter(map))) {
      Descriptor link = bpf.attach(program, "sys_enter");
      callGetppid(5);
      link.close();
      callGetppid(5);
      assertEquals(5, ring.drain(100, bytes -> {}));
    }
  }

  @Test
  void a_closed_ring_refuses() throws Exception {
    try (Descriptor map = bpf.map(MapType.RINGBUF, "ring", 0, 0, RING)) {
      BpfRing ring = bpf.ring(map, RING);
      ring.close();
      ring.close();
      LinuxException e = assertThrows(LinuxException.class, () -> ring.drain(1, bytes -> {}));
      assertTrue(e.is(Errno.EBADF));
    }
  }

  @Test
  void what_the_verifier_says_is_passed_on() {
    BpfProgram bad = new BpfProgram().load(Width.LONG, 0, 5, 0).returning(0);
    LinuxException e =
        assertThrows(LinuxException.class, () -> bpf.rawTracepoint("bad", bad).close());
    assertTrue(e.getMessage().contains("verifier"), e.getMessage());
  }

  @Test
  void a_value_that_was_put_is_found_and_another_is_not() throws Exception {
    try (Descriptor map = bpf.map(MapType.HASH, "hash", 4, 8, 4)) {
      bpf.put(map, key(7), new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
      assertEquals(3, bpf.get(map, key(7), 8).orElseThrow()[2]);
      assertTrue(bpf.get(map, key(8), 8).isEmpty());
    }
  }

  @Test
  void the_kernel_measures_a_program() throws Exception {
    try (Descriptor map = bpf.map(MapType.RINGBUF, "ring", 0, 0, RING);
        Descriptor program = bpf.rawTracepoint("reporter", reporter(map));
        Descriptor measuring = bpf.measure();
        Descriptor link = bpf.attach(program, "sys_enter")) {
      assertTrue(measuring.number() > 0 && link.number() > 0);
      callGetppid(1000);
      BpfObjects.RunTime time = bpf.runTime(program);
      assertTrue(time.runs() >= 1000 && time.nanos() > 1000, time.toString());
    }
  }

  @Test
  void a_jump_to_nowhere_is_refused() {
    assertThrows(
        IllegalStateException.class, () -> new BpfProgram().jump("nowhere").returning(0).bytes());
  }
}
