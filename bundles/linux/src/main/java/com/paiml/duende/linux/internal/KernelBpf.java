package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.bpf.BpfObjects;
import com.paiml.duende.linux.bpf.BpfProgram;
import com.paiml.duende.linux.bpf.BpfRing;
import com.paiml.duende.linux.bpf.MapType;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.util.Optional;

/** {@link BpfObjects} by the system call. */
final class KernelBpf implements BpfObjects {
  private final Kernel kernel;
  private final Bpf bpf;

  KernelBpf(Kernel kernel) {
    this.kernel = kernel;
    this.bpf = new Bpf(kernel);
  }

  @Override
  public Descriptor map(MapType type, String name, int keySize, int valueSize, int entries)
      throws LinuxException {
    return bpf.map(type, name, keySize, valueSize, entries);
  }

  @Override
  public void put(Descriptor map, byte[] key, byte[] value) throws LinuxException {
    bpf.update(map, key, value);
  }

  @Override
  public Optional<byte[]> get(Descriptor map, byte[] key, int size) throws LinuxException {
    return bpf.find(map, key, size);
  }

  /** From "0-3" or "0": the kernel counts those that could come, too. */
  @Override
  public int processors() throws LinuxException {
    String possible = kernel.readFile("/sys/devices/system/cpu/possible").strip();
    return Integer.parseInt(possible.substring(possible.lastIndexOf('-') + 1)) + 1;
  }

  @Override
  public Descriptor rawTracepoint(String name, BpfProgram program) throws LinuxException {
    return bpf.loadRawTracepoint(name, program.bytes());
  }

  @Override
  public Descriptor attach(Descriptor program, String tracepoint) throws LinuxException {
    return bpf.openRawTracepoint(program, tracepoint);
  }

  @Override
  public Descriptor measure() throws LinuxException {
    return bpf.enableStats();
  }

  @Override
  public RunTime runTime(Descriptor program) throws LinuxException {
    return bpf.runTime(program);
  }

  @Override
  public BpfRing ring(Descriptor map, int size) throws LinuxException {
    return MappedRing.open(kernel, map, size);
  }
}
