package com.paiml.duende.linux.bpf;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Makes programs and maps. All live as long as a descriptor of theirs is open: with this process they go, however it ends.
 * Safe for several threads.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/bpf.2.html">bpf(2)</a>
 */
@ProviderType
public interface BpfObjects {

  /**
   * Makes a map.
   *
   * @param name at most 15 letters, digits and {@code _}
   * @throws LinuxException {@code EPERM} without CAP_BPF, {@code ENOSYS} where the kernel has no bpf
   */
  Descriptor map(MapType type, String name, int keySize, int valueSize, int entries)
      throws LinuxException;

  /** Sets a value. */
  void put(Descriptor map, byte[] key, byte[] value) throws LinuxException;

  /**
   * A value, empty when there is none.
   *
   * @param size bytes; of a map with a value for each processor that of all, see {@link #processors()}
   */
  Optional<byte[]> get(Descriptor map, byte[] key, int size) throws LinuxException;

  /** How many values a map with one for each processor has. */
  int processors() throws LinuxException;

  /**
   * Loads a program for raw tracepoints.
   *
   * @throws LinuxException with what the kernel's verifier said last, when it refuses
   */
  Descriptor rawTracepoint(String name, BpfProgram program) throws LinuxException;

  /** Runs a program at a tracepoint for as long as the result is open. */
  Descriptor attach(Descriptor program, String tracepoint) throws LinuxException;

  /** While the result is open the kernel measures programs, which costs some 20 ns a run. */
  Descriptor measure() throws LinuxException;

  /** How long a program has run while it was measured. */
  RunTime runTime(Descriptor program) throws LinuxException;

  /** Opens a {@link MapType#RINGBUF} for reading. */
  BpfRing ring(Descriptor map, int size) throws LinuxException;

  /**
   * @param nanos in all
   * @param runs how often
   */
  record RunTime(long nanos, long runs) {}
}
