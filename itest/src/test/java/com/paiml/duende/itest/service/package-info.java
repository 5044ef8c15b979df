/** Duende as a service of a machine that a real systemd runs. */
@NullMarked
package com.paiml.duende.itest.service;

import org.jspecify.annotations.NullMarked;
