package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.channel.Secret;
import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.log.Delivery;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.VmPlan;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.support.log.RotatedLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** How a machine begins: from its kernel, or from what a snapshot has kept. For one start. */
interface Beginning {
  /** Refuses before anything is made. */
  void check(Image image, Monitor monitor, boolean accelerated) throws DaemonException;

  Secret secret() throws IOException;

  /** The disk with the files that are sent in, made in the machine's folder; empty where they need none. */
  Optional<Path> filesDisk(Path folder, Deadline deadline) throws IOException, DaemonException;

  /** Makes what the monitor is to find. */
  void prepare(VmPlan plan, Image image, Secret secret) throws IOException, DaemonException;

  List<String> arguments(Monitor monitor, VmPlan plan);

  /** From where on its output is new. */
  Delivery delivery(RotatedLog log, Path note) throws IOException;

  /** From a monitor that has been started to a program that runs. */
  void begin(VmRun run, Resources limits, Deadline deadline) throws DaemonException;
}
