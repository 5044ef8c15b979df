package com.paiml.duende.testkit.chaos;

import java.time.Duration;

/**
 * What happens to a connection on its way.
 *
 * @param delay for everything, in each direction
 * @param jitter up to so much more or less, evenly spread; order is kept
 * @param bytesPerSecond of all connections together, in each direction; 0: no bound
 * @param loss fraction of segments that are lost and sent again after a retransmission timeout, as TCP shows loss
 * @param reset fraction of connections that are reset (RST) in the middle
 */
record Weather(Duration delay, Duration jitter, long bytesPerSecond, double loss, double reset) {}
