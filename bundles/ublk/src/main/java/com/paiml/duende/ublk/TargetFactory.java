package com.paiml.duende.ublk;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.spi.BlockTarget;
import java.nio.file.Path;

/** Makes somebody's own target, for {@link BlockDaemon#BlockDaemon(TargetFactory)}. */
@FunctionalInterface
public interface TargetFactory {
  /**
   * Opens it. After a server was killed this is called again, and what it held has to be there: its device goes on.
   *
   * @param config of the daemon; options that begin with {@code --target-} are the target's own
   * @param state directory of the daemon, which outlives its restarts
   * @throws Exception any fault; the daemon has then failed, with the message as reason
   */
  BlockTarget open(DaemonConfig config, Path state) throws Exception;
}
