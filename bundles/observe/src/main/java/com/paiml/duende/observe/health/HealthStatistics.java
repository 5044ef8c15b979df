package com.paiml.duende.observe.health;

import java.time.Duration;

/**
 * What was seen of a service since it is watched.
 *
 * @param checks how many
 * @param failures how many of them failed, those that ran out of time included
 * @param timeouts how many ran out of time
 * @param average of the time that checks took
 * @param longest of it
 */
public record HealthStatistics(
    long checks, long failures, long timeouts, Duration average, Duration longest) {}
