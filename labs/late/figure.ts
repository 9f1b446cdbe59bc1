export const figuresOf = () => []
