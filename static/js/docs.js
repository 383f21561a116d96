// Starts Swagger UI, in its own file because the page allows no inline script.
{
  const element = /** @type {HTMLElement} */ (document.getElementById("swagger-ui"));
  /** @type {any} */ (window).SwaggerUIBundle({
    domNode: element,
    url: element.dataset.openapi,
    deepLinking: true,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
}
